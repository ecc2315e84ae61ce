/** Makes a request target routable as the gateway takes it: `//v2` as `/v2`, and any text as an id (docs/gateway.md, 13). */
export function routableUrl (target: string): string {
  const url = target.replace(/^https?:\/\/[^/?#]*/i, '').replace(/^\/+(?=v2\/)/, '/')
  const [path = '', ...query] = url.split('?')
  return [path === '' ? '/' : path.split('/').map(decodable).join('/'), ...query].join('?')
}

export function isGatewayUrl (url: string): boolean {
  return /^\/v2(?:[/?]|$)/.test(url)
}

/** A segment that percent-decodes: bytes past ASCII are encoded, and a badly encoded one is its own raw text. */
function decodable (segment: string): string {
  // Node hands raw bytes over as Latin-1.
  const ascii = segment.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`)
  try {
    decodeURIComponent(ascii)
    return ascii
  } catch {
    return encodeURIComponent(segment)
  }
}
