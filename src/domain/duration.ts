const UNITS_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

const LONGEST_DELAY_MS = 180 * UNITS_MS.d

const DURATION = /^(\d{1,15})(ms|s|m|h|d)?$/

/** What `readDuration` takes, as JSON Schema; the range of texts is for the description to tell. */
export function durationForm (minMs = 0, maxMs: number = LONGEST_DELAY_MS) {
  return { type: ['string', 'integer'], pattern: DURATION.source, minimum: minMs, maximum: maxMs } as const
}

/** Milliseconds of `500ms`, `3s`, `10m`, `24h`, `7d` or of a whole number of milliseconds; undefined for anything else. */
export function readDuration (value: unknown): number | undefined {
  const ms = typeof value === 'string' ? fromText(value) : value
  return typeof ms === 'number' && Number.isSafeInteger(ms) && ms >= 0 ? ms : undefined
}

/** A duration by which something may be put off; undefined for more than 180 days too: what it leads to is still an instant. */
export function readDelay (value: unknown): number | undefined {
  const ms = readDuration(value)
  return ms !== undefined && ms <= LONGEST_DELAY_MS ? ms : undefined
}

/** A duration as people write it, for `readDuration` to read back: `24h`, `90m`, `1500ms`. */
export function writeDuration (ms: number): string {
  // Days only past one, because people say 24h, not 1d.
  const [unit, size] = (Object.entries(UNITS_MS) as Array<[string, number]>)
    .reverse()
    .find(([unit, size]) => ms % size === 0 && ms >= (unit === 'd' ? 2 * size : size)) ?? ['ms', 1]
  return `${ms / size}${unit}`
}

function fromText (text: string): number | undefined {
  const match = DURATION.exec(text)
  return match === null ? undefined : Number(match[1]) * UNITS_MS[(match[2] ?? 'ms') as keyof typeof UNITS_MS]
}
