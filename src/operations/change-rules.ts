import type { Merchant } from '../domain/merchant.ts'
import { withIds } from '../domain/named-items.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Rule } from '../domain/rule.ts'
import type { Storage } from '../ports.ts'

export interface ChangeRulesDeps {
  readonly storage: Storage
}

/** Puts these rules in place of a merchant's, for charges from now on: what was charged before keeps its fate. */
export async function changeRules ({ storage }: ChangeRulesDeps, { merchantId }: Merchant, rules: readonly Rule[]): Promise<readonly Rule[]> {
  const merchant = await storage.changeMerchant(merchantId, (current) => {
    if (current === undefined) throw new Refusal('merchant_unknown', `there is no merchant ${merchantId} any more`)
    return { ...current, rules: withIds(rules, 'rule') }
  })
  if (merchant === 'key_taken') throw new Error('rules hold no key')
  return merchant.rules
}
