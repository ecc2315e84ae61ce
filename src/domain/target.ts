/** Where notifications may go, by the look of the URL alone: http or https, without credentials (docs/gateway.md, 7.5). */
export function readTarget (text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  const isUsable = (url.protocol === 'http:' || url.protocol === 'https:') && url.username === '' && url.password === ''
  return isUsable ? url : undefined
}

/** Scheme, host and port: what deliveries are counted by. */
export function originOf (url: string): string {
  return new URL(url).origin
}

/** What a charge says of its own URLs; `null` where it does not override. */
export interface ChargeUrls {
  readonly override: readonly string[] | null
  readonly append: readonly string[]
}

const MAX_URLS = 3

/** Reads `X-Override-Notification` and `X-Append-Notification`; an empty header is absent, an unusable URL left out. */
export function readChargeUrls (override: string | undefined, append: string | undefined, isForbidden: (url: string) => boolean = () => false): ChargeUrls {
  const usable = (header: string): readonly string[] =>
    header.split(',').map((url) => url.trim()).filter((url) => readTarget(url) !== undefined && !isForbidden(url))
  return {
    override: isGiven(override) ? usable(override) : null,
    append: isGiven(append) ? usable(append) : []
  }
}

/** The URLs one event goes to: each once, the merchant's own never beside an override and never counted. */
export function notificationUrls (own: readonly string[], { override, append }: ChargeUrls): readonly string[] {
  if (override !== null) return distinct([...override, ...append]).slice(0, MAX_URLS)
  return distinct([...own, ...append]).slice(0, distinct(own).length + MAX_URLS)
}

function isGiven (header: string | undefined): header is string {
  return header !== undefined && header.trim() !== ''
}

function distinct (urls: readonly string[]): readonly string[] {
  const seen = new Set<string>()
  return urls.filter((url) => {
    const { href } = new URL(url)
    return seen.has(href) ? false : seen.add(href)
  })
}
