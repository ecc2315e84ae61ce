const DECIMAL = /^[+-]?\d+(?:\.\d+)?$/

/** What a documented number turns out to be: absent values and other text are told apart from a fraction. */
export type Numeric =
  | { readonly kind: 'absent' }
  | { readonly kind: 'text' }
  | { readonly kind: 'whole', readonly value: number }
  | { readonly kind: 'fraction', readonly value: number }

/** Reads a JSON number or a numeric string, as the gateway does; `.00` is whole (docs/gateway.md, 1.2). */
export function readNumber (value: string | number | null | undefined): Numeric {
  if (value === null || value === undefined || value === '') return { kind: 'absent' }
  if (typeof value === 'string' && !DECIMAL.test(value.trim())) return { kind: 'text' }
  const number = Number(value)
  // What is too large for a number is still no fraction.
  return { kind: Number.isInteger(number) || !Number.isFinite(number) ? 'whole' : 'fraction', value: number }
}

/** Whole rupiah as the gateway writes money: `44000.00`. */
export function writeAmount (rupiah: number): string {
  return `${rupiah}.00`
}
