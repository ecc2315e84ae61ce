/** The shops where a customer can pay. Limits in whole rupiah (docs/gateway.md, 1.2); what differs on the wire (2, 5, 7.2). */
export const STORES = {
  alfamart: { minAmount: 1, maxAmount: 5_000_000, fraudStatus: 'accept', approvalCode: false, tillReverses: false, checksEmail: false, printsFreeText: true },
  indomaret: { minAmount: 10_000, maxAmount: 5_000_000, fraudStatus: null, approvalCode: true, tillReverses: true, checksEmail: true, printsFreeText: false }
} as const

export type Store = keyof typeof STORES

export const STORE_NAMES = Object.keys(STORES) as readonly Store[]

/** The store of that name in any letter case; undefined for a name that is none. */
export function readStore (name: string): Store | undefined {
  return STORE_NAMES.find((store) => store === name.toLowerCase())
}
