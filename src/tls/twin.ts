import { createServer } from 'node:tls'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

import type { Pair } from './authority.ts'

/** A second door, over TLS, to a server that takes connections as they are. */
export interface Twin {
  /** Resolves with the port. */
  listen (host: string, port: number): Promise<number>
  close (): Promise<void>
}

const HANDSHAKE_MS = 10_000

/** `take` is given each connection once it is secure. What it took is its own to close. */
export function createTwin ({ cert, key }: Pair, take: (socket: TLSSocket) => void): Twin {
  const server = createServer({ cert, key, ALPNProtocols: ['http/1.1'], handshakeTimeout: HANDSHAKE_MS, noDelay: true }, take)
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  // A client that does not trust us says so by hanging up.
  server.on('tlsClientError', (_error, socket) => socket.destroy())

  return {
    listen: (host, port) => new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port }, () => {
        server.off('error', reject)
        const address = server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : port)
      })
    }),
    close: () => new Promise((resolve) => {
      server.close(() => resolve())
      for (const socket of open) socket.destroy()
    })
  }
}
