/** A key as logs and lists may show it: `SB-Mid-server-…rung`. */
export function maskKey (key: string): string {
  const prefix = /^(?:SB-)?Mid-(?:server|client)-/.exec(key)?.[0] ?? ''
  const rest = key.slice(prefix.length)
  return `${prefix}…${rest.length > 4 ? rest.slice(-4) : ''}`
}

const KEYS = /(?:SB-)?Mid-(?:server|client)-[^\s":,/?&<>\\]+/g

/** A text without the keys that stand in it by mistake. */
export function maskKeys (text: string): string {
  return text.includes('Mid-') ? text.replace(KEYS, maskKey) : text
}
