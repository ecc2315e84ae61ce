import { test } from 'tap'

import { explainKey, maskAuthorization } from '../../src/domain/explain-key.ts'

const encoded = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`

const KINDS: ReadonlyArray<readonly [name: string, header: string | undefined, rule: string, seen: string | null]> = [
  ['no header', undefined, 'no_authorization', null],
  ['an empty header', '', 'no_authorization', null],
  ['a bearer token', 'Bearer SB-Mid-server-secretkey', 'not_basic', '…'],
  ['Basic and nothing', 'Basic', 'not_basic', '…'],
  ['the bare key', 'SB-Mid-server-secretkey', 'not_basic', '…'],
  ['a key that is not encoded', 'Basic SB-Mid-server-secretkey', 'not_base64', 'Basic …'],
  ['a key that is not encoded, and a colon', 'Basic SB-Mid-server-secretkey:', 'not_base64', 'Basic …'],
  ['a key and a line break', encoded('SB-Mid-server-secretkey\n:'), 'line_break', 'Basic SB-Mid-server-…tkey'],
  ['a key, a colon and a line break', encoded('SB-Mid-server-secretkey:\n'), 'line_break', 'Basic SB-Mid-server-…tkey'],
  ['control characters', encoded('\u0001\u0002:'), 'control_character', 'Basic …'],
  ['a key without a colon', encoded('SB-Mid-server-secretkey'), 'no_colon', 'Basic SB-Mid-server-…tkey'],
  ['a key after a blank', encoded(' SB-Mid-server-secretkey:'), 'blanks', 'Basic SB-Mid-server-…tkey'],
  ['a key before a blank', encoded('SB-Mid-server-secretkey :'), 'blanks', 'Basic SB-Mid-server-…tkey'],
  ['a key in place of the password', encoded(':SB-Mid-server-secretkey'), 'no_key', 'Basic …'],
  ['a client key', encoded('SB-Mid-client-secretkey:'), 'client_key', 'Basic SB-Mid-client-…tkey'],
  ['a client key of production', encoded('Mid-client-secretkey:'), 'client_key', 'Basic Mid-client-…tkey'],
  ['a production key', encoded('Mid-server-secretkey:'), 'production_key', 'Basic Mid-server-…tkey'],
  ['a sandbox key of nobody', encoded('SB-Mid-server-secretkey:'), 'unknown_sandbox_key', 'Basic SB-Mid-server-…tkey'],
  ['a name', encoded('secretkey:secretkey'), 'unknown_key', 'Basic …']
]

for (const [name, header, rule, seen] of KINDS) {
  test(`${name} in Authorization is told as ${rule}, and not shown`, async (t) => {
    const explanation = explainKey(header)
    t.equal(explanation.rule, rule)
    t.equal(explanation.seen, seen)
    t.equal(maskAuthorization(header), seen)
    t.equal(explanation.reference, '4 Authentication')
    t.notMatch(JSON.stringify(explanation), /secretkey|c2VjcmV0a2V5|U0ItTWlk/)
  })
}
