/** Merchants' servers that misbehave, each in its own way, and what the gateway makes of an attempt to notify them. */
import { gzipSync } from 'node:zlib'

import { startRawReceiver, startReceiver } from '../test/support/receiver.ts'
import { selfSigned } from '../test/support/self-signed.ts'

export interface HostileReceiver {
  /** Completes "a receiver that …". */
  readonly does: string
  readonly open: () => Promise<{ readonly url: string, readonly close: () => Promise<void> }>
  /** What the attempt's record says of it. */
  readonly record: { readonly status: number | null, readonly error: string | null, readonly outcome: string, readonly again: boolean, readonly reason: string }
}

type Answer = Parameters<typeof startRawReceiver>[0]
type Socket = Parameters<Answer>[0]

const HEAD = 'HTTP/1.1 200 OK\r\n'
const HUGE = Buffer.alloc(50 * 2 ** 20, 'x')
const BOMB = gzipSync(HUGE)

const DELIVERED = { status: 200, error: null, outcome: 'delivered', again: false, reason: '200: delivered' }
const NOT_FOLLOWED = { status: 302, error: null, outcome: 'redirected', again: false, reason: '302: this redirect is not followed and counts as a failure' }
const SERVER_ERROR = { status: 500, error: null, outcome: 'failed', again: true, reason: '500: up to 1 further attempts' }

export const HOSTILE_RECEIVERS: readonly HostileReceiver[] = [
  raw('hangs', () => {}, failed('timeout')),
  raw('drips header bytes', (socket) => drip(socket, 'x', `${HEAD}x-long: `), failed('timeout')),
  raw('drips body bytes', (socket) => drip(socket, 'x', `${HEAD}\r\n`), failed('timeout')),
  raw('drips interim answers', (socket) => drip(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n'), failed('timeout')),
  raw('never ends its body', (socket) => socket.write(`${HEAD}content-length: 10\r\n\r\nhalf`), failed('timeout')),
  raw('never ends its first line', (socket) => flood(socket, 'x', 'HTTP/1.1 200 '), failed('timeout')),
  raw('sends interim answers without end', (socket) => flood(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n'), failed('invalid_response')),
  raw('never ends its headers', (socket) => flood(socket, `x-more: ${'x'.repeat(1_000)}\r\n`, HEAD), failed('invalid_response')),
  raw('sends a huge header', (socket) => socket.end(`${HEAD}x-huge: ${'x'.repeat(1_000_000)}\r\n\r\n`), failed('invalid_response')),
  raw('sends a huge body', (socket) => socket.write(`${HEAD}content-length: ${HUGE.length}\r\n\r\n`, () => socket.end(HUGE)), DELIVERED),
  raw('sends a body without end', (socket) => flood(socket, 'é', `${HEAD}\r\n`), DELIVERED),
  raw('sends chunks without end', (socket) => flood(socket, `1000\r\n${'x'.repeat(4096)}\r\n`, `${HEAD}transfer-encoding: chunked\r\n\r\n`), DELIVERED),
  raw('says 500 with a body without end', (socket) => flood(socket, 'é', 'HTTP/1.1 500 Oops\r\n\r\n'), SERVER_ERROR),
  raw('sends a compressed bomb', (socket) => socket.write(`${HEAD}content-encoding: gzip\r\ncontent-length: ${BOMB.length}\r\n\r\n`, () => socket.end(BOMB)), DELIVERED),
  raw('answers with bytes that are no text', (socket) => socket.write(`${HEAD}x-odd: \x80\xff\r\ncontent-length: 256\r\n\r\n`, 'latin1', () => socket.end(Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)))), DELIVERED),
  raw('goes on talking after its answer', (socket) => flood(socket, 'HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n', `${HEAD}content-length: 0\r\n\r\n`), DELIVERED),
  raw('redirects to itself without end', (socket) => socket.end('HTTP/1.1 307 Again\r\nlocation: /\r\ncontent-length: 0\r\n\r\n'), failed('too_many_redirects')),
  raw('redirects to ever longer URLs', (socket) => socket.end(`HTTP/1.1 308 Again\r\nlocation: /${'x'.repeat(15_000)}\r\ncontent-length: 0\r\n\r\n`), failed('too_many_redirects')),
  raw('redirects by 302 without end', (socket) => socket.end('HTTP/1.1 302 Again\r\nlocation: /\r\ncontent-length: 0\r\n\r\n'), NOT_FOLLOWED),
  raw('redirects to cloud metadata', (socket) => socket.end('HTTP/1.1 307 There\r\nlocation: http://169.254.169.254/latest\r\ncontent-length: 0\r\n\r\n'), failed('forbidden_target')),
  raw('speaks another protocol', (socket) => socket.end('220 mail.example ESMTP\r\n'), failed('invalid_response')),
  raw('gives two lengths', (socket) => socket.end(`${HEAD}content-length: 1\r\ncontent-length: 2\r\n\r\nab`), failed('invalid_response')),
  raw('sends a broken chunk', (socket) => socket.end(`${HEAD}transfer-encoding: chunked\r\n\r\nzz\r\n`), failed('invalid_response')),
  raw('switches protocols unasked', (socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'), failed('reset')),
  raw('resets', (socket) => socket.resetAndDestroy(), failed('reset')),
  raw('resets in the middle of its body', (socket) => socket.write(`${HEAD}content-length: 10\r\n\r\nhalf`, () => socket.resetAndDestroy()), failed('reset')),
  raw('closes without an answer', (socket) => socket.end(), failed('reset')),
  raw('closes in the middle of its body', (socket) => socket.end(`${HEAD}content-length: 10\r\n\r\nhalf`), failed('reset')),
  { does: 'has a certificate that nobody vouches for', open: () => startReceiver(undefined, selfSigned), record: failed('tls') },
  { does: 'speaks no TLS where it should', open: async () => secured(await startReceiver()), record: failed('tls') },
  { does: 'hangs in the TLS handshake', open: async () => secured(await startRawReceiver(() => {})), record: failed('timeout') }
]

function failed (error: string): HostileReceiver['record'] {
  return { status: null, error, outcome: 'failed', again: true, reason: `${error}: up to 5 further attempts` }
}

function raw (does: string, answer: Answer, record: HostileReceiver['record']): HostileReceiver {
  return { does, open: () => startRawReceiver(answer), record }
}

function secured <Opened extends { readonly url: string, readonly close: () => Promise<void> }> ({ url, close }: Opened) {
  return { url: url.replace('http:', 'https:'), close }
}

/** Writes without end, as fast as it is read. */
function flood (socket: Socket, text: string, start = ''): void {
  const piece = Buffer.from(text.repeat(Math.ceil(64 * 1024 / text.length)))
  // One piece in a turn of the event loop, which others share.
  const more = (): void => { if (!socket.destroyed) socket.write(piece, () => setImmediate(more)) }
  socket.write(start, more)
}

function drip (socket: Socket, text: string, start = ''): void {
  socket.write(start)
  const timer = setInterval(() => socket.write(text), 10)
  socket.on('close', () => clearInterval(timer))
}
