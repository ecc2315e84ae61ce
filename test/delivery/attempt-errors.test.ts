import { test } from 'tap'

import { attemptErrorOf } from '../../src/delivery/attempt-errors.ts'
import { ForbiddenTarget } from '../../src/delivery/forbidden-address.ts'

const rows = [
  ['ECONNREFUSED', 'refused'],
  ['EHOSTUNREACH', 'refused'],
  ['ENETUNREACH', 'refused'],
  ['ECONNRESET', 'reset'],
  ['EPIPE', 'reset'],
  ['UND_ERR_SOCKET', 'reset'],
  ['ENOTFOUND', 'dns'],
  ['EAI_AGAIN', 'dns'],
  ['ETIMEDOUT', 'timeout'],
  ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
  ['EPROTO', 'tls'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
  ['CERT_HAS_EXPIRED', 'tls'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'tls'],
  ['HPE_INVALID_CONSTANT', 'invalid_response'],
  ['UND_ERR_HEADERS_OVERFLOW', 'invalid_response'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'invalid_response'],
  ['SOMETHING_NEW', 'reset']
] as const

for (const [code, means] of rows) {
  test(`${code} means ${means}`, async (t) => {
    t.equal(attemptErrorOf(coded(code)), means)
    t.equal(attemptErrorOf(new TypeError('fetch failed', { cause: coded(code) })), means, 'also as a cause')
  })
}

test('of several addresses the last one decides', async (t) => {
  t.equal(attemptErrorOf(new AggregateError([coded('ETIMEDOUT'), coded('ECONNREFUSED')])), 'refused')
  t.equal(attemptErrorOf(Object.assign(new AggregateError([]), { code: 'ENETUNREACH' })), 'refused')
})

test('errors without a code are known by their name', async (t) => {
  t.equal(attemptErrorOf(new ForbiddenTarget('169.254.169.254')), 'forbidden_target')
  t.equal(attemptErrorOf(Object.assign(new Error('Expected HTTP/'), { name: 'HTTPParserError' })), 'invalid_response')
})

test('what is no error at all is a broken connection', async (t) => {
  t.equal(attemptErrorOf('broken'), 'reset')
  t.equal(attemptErrorOf(undefined), 'reset')
})

function coded (code: string): Error {
  return Object.assign(new Error(code), { code })
}
