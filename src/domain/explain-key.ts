import type { Explanation } from './explanation.ts'
import { maskKey } from './masks.ts'

const SCHEME = /^basic +(\S+)$/i
const BASE64 = /^[\w+/-]+={0,2}$/
// eslint-disable-next-line no-control-regex
const CONTROL = /[\x00-\x1f\x7f]/
const BLANKS_AROUND = /^\s|\s$/

interface Sent {
  /** All that the header holds; empty for none. */
  readonly header: string
  /** What follows `Basic`; undefined where that does not stand there. */
  readonly credentials: string | undefined
  readonly decoded: string
  readonly key: string
}

/** What can be wrong with the header Authorization. The first row that applies tells it, so the last applies always. */
const KINDS: ReadonlyArray<readonly [rule: string, applies: (sent: Sent) => boolean, message: string]> = [
  ['no_authorization', ({ header }) => header === '', 'There is no header Authorization.'],
  ['not_basic', ({ credentials }) => credentials === undefined, 'The header Authorization does not say Basic and one word of base64.'],
  ['not_base64', ({ credentials = '' }) => !BASE64.test(credentials), 'What follows Basic is not base64; the key itself may stand there.'],
  ['not_base64', ({ credentials = '' }) => /^(?:SB-)?Mid-/.test(credentials), 'What follows Basic is a key as it is, not base64 of it.'],
  ['line_break', ({ decoded }) => /[\r\n]/.test(decoded), 'A line break was encoded with the key: echo adds one, printf %s does not.'],
  ['control_character', ({ decoded }) => CONTROL.test(decoded), 'What was encoded holds control characters; it is not base64 of a key.'],
  ['no_colon', ({ decoded }) => !decoded.includes(':'), 'There is no colon after the key: encode the key and a colon.'],
  ['blanks', ({ key }) => BLANKS_AROUND.test(key), 'There are blanks around the key.'],
  ['no_key', ({ key }) => key === '', 'The user name is empty; the server key belongs there, not in the password.'],
  ['admin_password', ({ key }) => key === 'admin', 'The admin password is wrong, or there is no admin account; the gateway itself knows none.'],
  ['client_key', ({ key }) => /^(?:SB-)?Mid-client-/.test(key), 'This is a client key; the gateway takes the server key.'],
  ['production_key', ({ key }) => /^Mid-server-/.test(key), 'This is a production key; a sandbox takes none. Never use it outside production.'],
  ['unknown_sandbox_key', ({ key }) => /^SB-Mid-server-/.test(key), 'This looks like a sandbox server key, but it belongs to no merchant here.'],
  ['unknown_key', () => true, 'The user name is no server key of a merchant here.']
]

/** Who is let in by which credentials: at the gateway by the key alone. */
const EXPECTED = {
  gateway: 'Basic, a space, and the base64 of the server key with a colon after it',
  admin: 'Basic, a space, and the base64 of the server key with a colon after it, or of admin, a colon and the admin password'
} as const

/** What is told otherwise where there may be an admin account. */
const OF_ADMIN: Readonly<Record<string, Partial<Pick<Explanation, 'message' | 'expected'>>>> = {
  admin_password: { message: 'The admin password is wrong, or there is no admin account.', expected: 'the admin password, which --admin-password sets' },
  client_key: { message: 'This is a client key; the server key belongs here.' }
}

/** Why this header lets nobody in, without showing what it holds. */
export function explainKey (authorization: string | undefined, at: keyof typeof EXPECTED = 'gateway'): Explanation {
  const sent = readHeader(authorization)
  const [rule, , message] = KINDS.find(([, applies]) => applies(sent)) ?? ['unknown_key', undefined, '']
  return {
    rule,
    field: 'authorization',
    seen: maskAuthorization(authorization),
    expected: EXPECTED[at],
    message,
    reference: '4 Authentication',
    ...at === 'admin' ? OF_ADMIN[rule] : {}
  }
}

/** The header as it may be shown: a key of a known form by its last characters, everything else not at all. */
export function maskAuthorization (authorization: string | undefined): string | null {
  const { header, credentials, key } = readHeader(authorization)
  if (header === '') return null
  if (credentials === undefined) return '…'
  const trimmed = key.trim()
  return `Basic ${/^(?:SB-)?Mid-(?:server|client)-\S+$/.test(trimmed) ? maskKey(trimmed) : '…'}`
}

/** The user name in the header; empty for none. */
export function userNameOf (authorization: string | undefined): string {
  return readHeader(authorization).key
}

function readHeader (authorization = ''): Sent {
  const credentials = SCHEME.exec(authorization)?.[1]
  const decoded = Buffer.from(credentials ?? '', 'base64').toString()
  return { header: authorization, credentials, decoded, key: decoded.split(':')[0] ?? '' }
}
