import type { AttemptError } from '../domain/retry-policy.ts'

/** Codes of Node, OpenSSL and undici, and names of errors that have none (llhttp's often); the first row that fits counts. */
const TABLE: ReadonlyArray<readonly [signs: RegExp, means: AttemptError]> = [
  [/^ForbiddenTarget$/, 'forbidden_target'],
  [/^(ECONNREFUSED|E(HOST|NET)(UNREACH|DOWN)|EADDRNOTAVAIL|EAFNOSUPPORT|EACCES|EPERM)$/, 'refused'],
  [/^(ENOTFOUND|ENODATA|EAI_\w+)$/, 'dns'],
  [/^(ETIMEDOUT|UND_ERR_\w+_TIMEOUT)$/, 'timeout'],
  [/^(EPROTO|ERR_(SSL|TLS|OSSL)_\w+|\w*(CERT|CRL|SIGNATURE)\w*|INVALID_(CA|PURPOSE)|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH)$/, 'tls'],
  [/^(HPE_\w+|HTTPParserError|UND_ERR_(HEADERS_OVERFLOW|RES\w*|REQ_CONTENT_LENGTH_MISMATCH|NOT_SUPPORTED))$/, 'invalid_response']
]

/** Why an attempt failed, by what was thrown. Where no sign is known (ECONNRESET, EPIPE, UND_ERR_SOCKET, …), the connection just broke. */
export function attemptErrorOf (thrown: unknown): AttemptError {
  for (const sign of signsOf(thrown)) {
    const row = TABLE.find(([signs]) => signs.test(sign))
    if (row !== undefined) return row[1]
  }
  return 'reset'
}

/**
 * All codes and names, the most telling first. Where several addresses of a host were tried, the last error is what it came to:
 * the ones before may only have been too slow.
 */
function * signsOf (thrown: unknown): Generator<string> {
  if (!(thrown instanceof Error)) return
  if (thrown instanceof AggregateError) {
    for (const each of thrown.errors.toReversed()) yield * signsOf(each)
  }
  if ('code' in thrown && typeof thrown.code === 'string') yield thrown.code
  yield thrown.name
  yield * signsOf(thrown.cause)
}
