interface Area {
  readonly of: RegExp
  readonly tag: string
  readonly about: string
  /** One of these lets in; none where nobody is kept out. */
  readonly security: ReadonlyArray<Readonly<Record<string, readonly string[]>>>
}

const KEY = { serverKey: [] }
const ADMIN = { admin: [] }

/** What the paths are about. The first that fits. */
export const AREAS: readonly Area[] = [
  { of: /^\/v2\//, tag: 'gateway', about: 'The Core API of the cstore channel, as the real sandbox answers it. The status_code of a body is its real answer, on HTTP 200 mostly.', security: [KEY] },
  { of: /^\/admin\/merchants(\/|$)/, tag: 'admin', about: 'Controls the world of a merchant: the one whose server key is sent, or the one that the user `admin` names.', security: [ADMIN] },
  { of: /^\/admin\//, tag: 'admin', about: '', security: [KEY, { ...ADMIN, merchantId: [] }, ADMIN] },
  { of: /^\/till\//, tag: 'till', about: 'The counter of a store. It needs no login: a payment code is all that a cashier has.', security: [] },
  { of: /^\//, tag: 'health', about: 'The process itself.', security: [] }
]

export const ABOUT = [
  'Charge the gateway as the real sandbox, play the customer at the till, and control the rest by the admin API.',
  'HEAD is GET without a body; `/admin/events` and `/admin/export` have none.',
  'What is not under `/v2` refuses by `{"code", "message"}` with a matching HTTP status, under `/admin` with an `explain` too; it answers to local host names only, and to no page of another origin.',
  'Examples are of one world each: those of the gateway were written by hand after recorded bodies, the others are what Warung answers.'
].join('\n\n')

export const SECURITY_SCHEMES = {
  serverKey: { type: 'http', scheme: 'basic', description: 'The server key as user name, with an empty password. It opens the world of its merchant and no other.' },
  admin: { type: 'http', scheme: 'basic', description: 'The user `admin` with the admin password.' },
  merchantId: { type: 'apiKey', in: 'header', name: 'X-Merchant-Id', description: 'Whose world the user `admin` acts on; the default merchant\'s without it.' }
}

/** What an answer of each status is, if no more can be said. */
export const STATUSES: Readonly<Record<string, string>> = {
  200: 'The answer', 201: 'Made', 204: 'Done', 400: 'Malformed', 401: 'Not let in', 403: 'Not allowed', 404: 'Unknown', 408: 'Not in time', 409: 'The present state forbids it', 422: 'The amount differs', 503: 'Not now', '2XX': 'Neither yes nor no yet', '4XX': 'Refused', '5XX': 'Failed'
}

export function areaIndex (path: string): number {
  return AREAS.findIndex(({ of }) => of.test(path))
}
