export type Json = string | number | boolean | null | readonly Json[] | JsonObject
export interface JsonObject { readonly [name: string]: Json }

export const MAX_DEPTH = 32
/** A charge of a thousand items with all their members has nine thousand. */
export const MAX_VALUES = 20_000

const FORBIDDEN = new Set(['__proto__', 'constructor'])

// A text, or an integer that may have more digits than a double keeps. Texts are matched so that nothing in them is.
const TEXT_OR_LONG_INTEGER = /"[^"\\]*(?:\\.[^"\\]*)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g

const [QUOTE, COMMA, BACKSLASH, LIST, OBJECT] = Buffer.from('",\\[{')

/** Does this JSON hold more values than that? To be asked before it is parsed: a mebibyte of brackets takes half a second. */
export function holdsTooMany (json: Uint8Array, maxValues = MAX_VALUES): boolean {
  let values = 1
  for (let at = 0; at < json.length; at++) {
    const byte = json[at]
    if (byte === QUOTE) {
      for (at += 1; at < json.length && json[at] !== QUOTE; at++) if (json[at] === BACKSLASH) at += 1
    } else if (byte === COMMA || byte === LIST || byte === OBJECT) values += 1
    if (values > maxValues) return true
  }
  return false
}

export function isObject (value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The same JSON without members that could reach a prototype (docs/gateway.md, 13);
 * undefined where it nests deeper than `MAX_DEPTH`.
 */
export function harmless (value: Json, depth = 0): Json | undefined {
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_DEPTH) return undefined

  if (Array.isArray(value)) {
    const items: Json[] = []
    for (const item of value as readonly Json[]) {
      const clean = harmless(item, depth + 1)
      if (clean === undefined) return undefined
      items.push(clean)
    }
    return items
  }

  const members: Record<string, Json> = {}
  for (const [name, member] of Object.entries(value)) {
    if (FORBIDDEN.has(name)) continue
    const clean = harmless(member, depth + 1)
    if (clean === undefined) return undefined
    members[name] = clean
  }
  return members
}

/** Parses JSON. An integer that a double cannot hold becomes a text and so keeps all its digits. */
export function parseExactly (text: string): Json {
  const json = JSON.parse(text) as Json
  if (!/\d{16}/.test(text)) return json
  const exact = text.replace(TEXT_OR_LONG_INTEGER, (match) => match.startsWith('"') || Number.isSafeInteger(Number(match)) ? match : `"${match}"`)
  return exact === text ? json : JSON.parse(exact) as Json
}

/** Compact JSON whose keys run in reverse order, nested ones too: the way a notification is written (docs/gateway.md, 7.2). */
export function writeReversed (value: Json): string {
  if (Array.isArray(value)) return `[${value.map(writeReversed).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = value as JsonObject
  // Not an object with sorted keys: JavaScript would move names like "7" to the front again.
  const names = Object.keys(members).sort().reverse()
  return `{${names.map((name) => `${JSON.stringify(name)}:${writeReversed(members[name] as Json)}`).join(',')}}`
}
