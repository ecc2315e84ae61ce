import { Type } from 'typebox'

/** Whole rupiah, as a number or as text such as `44000` or `44000.00`. */
export const Amount = Type.Union([Type.Number(), Type.String({ pattern: '^\\d+(\\.0+)?$' })])
