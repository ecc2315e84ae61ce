import type { FastifyRequest } from 'fastify'

import type { Events, Random } from '../../../ports.ts'

/**
 * Makes the `id` of error bodies. They are never kept, so they are drawn apart from what is: an error more or less changes
 * nothing about the next charge of a seeded run. A world that is emptied begins anew with these too.
 */
export function createErrorIds (random: Random, events: Events): (request?: FastifyRequest) => string {
  const counts = new Map<string, number>()
  events.subscribe(({ kind, merchantId }) => { if (kind === 'reset') counts.delete(merchantId) })
  return (request) => {
    const merchantId = request?.merchant?.merchantId ?? ''
    const count = counts.get(merchantId) ?? 0
    counts.set(merchantId, count + 1)
    return random.draw(merchantId, `error ${count}`).uuid()
  }
}
