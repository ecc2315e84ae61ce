import { struck } from '../domain/fault.ts'
import type { Fault, Subject } from '../domain/fault.ts'
import type { Merchant } from '../domain/merchant.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Random, Storage } from '../ports.ts'
import { faultChance } from './fault-chance.ts'

export interface MeetFaultDeps {
  readonly random: Random
  readonly storage: Storage
}

/** The fault that strikes this call of the gateway, used up by one time; undefined for none. */
export async function meetFault ({ random, storage }: MeetFaultDeps, { merchantId, faults }: Merchant, subject: Subject): Promise<Fault | undefined> {
  // Most worlds have none, and then nothing is written.
  if (faults.length === 0) return undefined
  let met: Fault | undefined
  await storage.changeMerchant(merchantId, (current) => {
    if (current === undefined) throw new Refusal('merchant_unknown', `there is no merchant ${merchantId} any more`)
    const strike = struck(current.faults, subject, faultChance(random, merchantId))
    met = strike.fault
    return { ...current, faults: strike.faults }
  })
  return met
}
