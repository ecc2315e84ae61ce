import type { FastifyReply } from 'fastify'

/** Lets a connection stand idle until it is answered: Node cuts one that is idle for too long, unless someone listens for that. */
export function keepOpen (reply: FastifyReply): void {
  reply.raw.on('timeout', () => {})
}
