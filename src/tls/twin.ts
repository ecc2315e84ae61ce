import type { Server, Socket } from 'node:net'
import { createServer } from 'node:tls'
import type { TLSSocket } from 'node:tls'

import type { Pair } from './authority.ts'

/** A second door, over TLS, to a server that takes connections as they are. */
export interface Twin {
  /** Listens at each of these addresses; 0 takes a port that is free. Resolves with the port. */
  listen (addresses: readonly string[], port: number): Promise<number>
  /** Takes no more connections, and ends those whose handshake is not over. What was taken is its taker's to end. */
  close (): Promise<void>
}

const HANDSHAKE_MS = 10_000

/** `take` is given each connection once it is secure. */
export function createTwin ({ cert, key }: Pair, take: (socket: TLSSocket) => void): Twin {
  const servers: Server[] = []
  /** Connections amid their handshake, by the client's address: the secure socket and the one below it share nothing else. */
  const shaking = new Map<string, Socket>()

  async function listenAt (host: string, port: number): Promise<number> {
    const server = createServer({ cert, key, ALPNProtocols: ['http/1.1'], handshakeTimeout: HANDSHAKE_MS, noDelay: true }, (socket) => {
      shaking.delete(peerOf(socket))
      take(socket)
    })
    server.on('connection', (socket: Socket) => {
      const peer = peerOf(socket)
      shaking.set(peer, socket)
      socket.once('close', () => { if (shaking.get(peer) === socket) shaking.delete(peer) })
    })
    // A client that does not trust us says so by hanging up.
    server.on('tlsClientError', (_error, socket) => socket.destroy())
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen({ host, port }, resolve))
    servers.push(server)
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : port
  }

  async function close (): Promise<void> {
    const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)))
    for (const socket of shaking.values()) socket.destroy()
    await Promise.all(closed)
  }

  return {
    async listen ([first = 'localhost', ...others], port) {
      try {
        const taken = await listenAt(first, port)
        for (const address of others) await listenAt(address, taken)
        return taken
      } catch (error) {
        await close()
        throw error
      }
    },
    close
  }
}

function peerOf ({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localPort}`
}
