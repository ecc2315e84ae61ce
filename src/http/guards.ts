import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

import type { FastifyRequest } from 'fastify'

import { suchAs } from '../domain/explanation.ts'
import type { About } from '../domain/refusal.ts'
import { ApiError } from './api-error.ts'

const MAX_HEADERS = 100
const SAFE_SITES = new Set([undefined, 'same-origin', 'none'])
const LOCAL_SUFFIXES = ['.localhost', '.internal', '.local', '.test']

/** Refuses browsers that another site drives, and host names that may have been bound to us from outside (DNS rebinding). */
export function createGuard (allowedHosts: readonly string[]): (request: FastifyRequest) => Promise<void> {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()))

  return async ({ headers }) => {
    const host = hostOf(headers.host)
    if (host === undefined || !(isLocalName(host) || allowed.has(host))) {
      throw new ApiError('foreign_host', `this API does not answer to the host "${headers.host ?? ''}"; start with --allow-host to allow it`)
    }
    const { origin, 'sec-fetch-site': site } = headers
    if (!SAFE_SITES.has(site as string | undefined)) throw foreignOrigin({ field: 'sec-fetch-site', seen: String(site) })
    if (origin !== undefined && !isOwnOrigin(origin, headers.host)) throw foreignOrigin({ field: 'origin', seen: origin })
  }
}

function foreignOrigin (about: About): ApiError {
  return new ApiError('foreign_origin', 'this API does not answer to pages of another origin', about)
}

/** What is wrong with the head of a request although Node's parser lets it pass. */
export function headProblem ({ headers, httpVersion, rawHeaders }: IncomingMessage): ApiError | undefined {
  if (rawHeaders.length > 2 * MAX_HEADERS) return new ApiError('too_many_headers', `send at most ${MAX_HEADERS} headers`)
  // Whoever stands between us and the client could read these otherwise than we do, and see other requests.
  const isOld = httpVersion === '1.0'
  const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host').length
  if (hosts > 1 || (hosts === 0 && !isOld)) return new ApiError('invalid_request', 'name the host once, in the header Host', { field: 'host', seen: `${hosts} times`, expected: suchAs('once', 'localhost') })
  if (isOld && headers['transfer-encoding'] !== undefined) return new ApiError('invalid_request', 'HTTP/1.0 has no Transfer-Encoding', { field: 'transfer-encoding', seen: headers['transfer-encoding'], expected: 'HTTP/1.1, or a Content-Length' })

  const { expect = '100-continue' } = headers
  return expect.toLowerCase() === '100-continue' ? undefined : new ApiError('expectation_failed', `nobody here can meet the expectation "${expect}"`)
}

/** Loopback, IP literals, single-label names and the names reserved for local networks: none can be rebound by a stranger. */
function isLocalName (host: string): boolean {
  return isIP(host) !== 0 || !host.includes('.') || LOCAL_SUFFIXES.some((suffix) => host.endsWith(suffix))
}

function isOwnOrigin (origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase()
}

/** The host name without its port; brackets of IPv6 gone. */
function hostOf (header: string | undefined): string | undefined {
  const text = `http://${header ?? ''}`
  if (header === undefined || header === '' || !URL.canParse(text)) return undefined
  return new URL(text).hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
}
