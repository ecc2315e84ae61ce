/** A moment: milliseconds since 1970-01-01T00:00:00Z. A number, so that it compares, stores and freezes by value. */
export type Instant = number

/** The same moment at a whole second, as the gateway stamps its times (docs/gateway.md, 13). */
export function wholeSecond (at: Instant): Instant {
  return Math.floor(at / 1000) * 1000
}

/** ISO 8601 in UTC with milliseconds. Throws a RangeError for a year that `fromIso` cannot read: it is written nowhere. */
export function toIso (at: Instant): string {
  const text = new Date(at).toISOString()
  if (text.length !== '2026-11-22T13:00:00.000Z'.length) throw new RangeError(`${text} is no year of four digits`)
  return text
}

const ISO = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,3})?(?:Z|[+-]\d\d:\d\d)$/

/** Reads ISO 8601 with a zone; undefined for anything else, and for a day that does not exist. */
export function fromIso (text: string): Instant | undefined {
  const local = ISO.exec(text)?.[1]
  const at = Date.parse(text)
  if (local === undefined || Number.isNaN(at)) return undefined
  // A calendar rolls 31 February over to March: what was written must come out again.
  return new Date(Date.parse(`${local}Z`)).toISOString().startsWith(local) ? at : undefined
}
