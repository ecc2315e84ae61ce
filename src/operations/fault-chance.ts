import type { Fault } from '../domain/fault.ts'
import type { Random } from '../ports.ts'

export type FaultChance = (fault: Fault) => number

/** The chance by which a fault strikes: another each time it is asked, the same in each run with the same seed. */
export function faultChance (random: Random, merchantId: string): FaultChance {
  return ({ id, seen }) => random.draw(merchantId, `fault ${id}, time ${seen}`).fraction()
}
