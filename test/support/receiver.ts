import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { text } from 'node:stream/consumers'

export interface Received {
  readonly method: string
  /** Path and query, as in the request line. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Called with each request once its body is in. */
export type Handler = (request: Received, response: ServerResponse) => unknown

/** A merchant's server on a free port of 127.0.0.1. */
export interface Receiver {
  readonly url: string
  readonly requests: readonly Received[]
  /** May be replaced at any time. */
  handler: Handler
  /** Resolves when that many requests have come in all. */
  received (count: number): Promise<void>
  /** Drops what is still open; closing twice is fine. */
  close (): Promise<void>
}

/** Answers with a status, and headers and a body where they matter. */
export function reply (status: number, headers: Record<string, string | string[]> = {}, body = ''): Handler {
  return (_request, response) => response.writeHead(status, headers).end(body)
}

export async function startReceiver (handler: Handler = reply(200), tls?: { readonly key: string, readonly cert: string }): Promise<Receiver> {
  const requests: Received[] = []
  const waiting = new Set<() => void>()

  const listener = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request).catch(() => undefined)
    if (body === undefined) return // dropped by the sender
    const { method = '', url = '', headers } = request
    const seen = { method, url, headers, body }
    requests.push(seen)
    for (const wake of waiting) wake()
    await receiver.handler(seen, response)
  }
  const server = tls === undefined ? createServer(listener) : createHttpsServer(tls, listener)

  const receiver: Receiver = {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${await listen(server)}`,
    requests,
    handler,
    async received (count) {
      await new Promise<void>((resolve) => {
        const check = (): void => { if (requests.length >= count) resolve() }
        waiting.add(check)
        check()
      })
    },
    async close () {
      server.closeAllConnections()
      await closed(server)
    }
  }
  return receiver
}

/** A server that speaks whatever bytes it likes, once the request's head has come. */
export async function startRawReceiver (answer: (socket: Socket) => unknown): Promise<Pick<Receiver, 'url' | 'close'> & { readonly sockets: ReadonlySet<Socket> }> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket)).once('data', () => answer(socket))
  })
  return {
    url: `http://127.0.0.1:${await listen(server)}`,
    sockets,
    async close () {
      for (const socket of sockets) socket.destroy()
      await closed(server)
    }
  }
}

/** A port of 127.0.0.1 where nobody listens. */
export async function unusedPort (): Promise<number> {
  const server = createTcpServer()
  const port = await listen(server)
  await closed(server)
  return port
}

async function listen (server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function closed (server: Server): Promise<void> {
  await new Promise<void>((resolve) => { server.close(() => resolve()) })
}
