import { setMaxListeners } from 'node:events'

import type { Answer } from '../domain/notification.ts'
import { readTarget } from '../domain/target.ts'
import type { Clock, Delivery, Sender } from '../ports.ts'
import { createJudge, isForbiddenAsWritten } from './judge.ts'
import type { TargetRules } from './judge.ts'

export interface SenderDeps extends TargetRules {
  readonly clock: Pick<Clock, 'now'>
}

/** Delivers over HTTP. Each request has a connection of its own: a receiver that closes idle ones must never look like a failure. */
export function createSender ({ clock, ...rules }: SenderDeps): Sender {
  const judge = createJudge(rules)
  const underWay = new Set<Promise<Answer>>()

  const attempt = async ({ url, body, timeoutMs, signal }: Delivery): Promise<Answer> => {
    // With it comes undici, which a start need not wait for.
    const { post } = await import('./post.ts')
    signal.throwIfAborted()
    const startedAt = clock.now()
    const ending = new AbortController()
    const end = (): void => ending.abort()
    // As exact as AbortSignal.timeout, but nothing of it outlives the attempt.
    const deadline = setTimeout(end, timeoutMs)
    // All attempts under way hear the one signal, and each hop of an attempt the other; Node would warn from eleven on.
    setMaxListeners(0, signal, ending.signal)
    signal.addEventListener('abort', end)
    try {
      const result = await post(judge, url, body, ending.signal)
      if (result.error !== null) signal.throwIfAborted()
      return { ...result, durationMs: clock.now() - startedAt }
    } finally {
      clearTimeout(deadline)
      signal.removeEventListener('abort', end)
    }
  }

  return {
    send (delivery) {
      const answer = attempt(delivery).finally(() => underWay.delete(answer))
      underWay.add(answer)
      return answer
    },
    forbids (url) {
      const target = readTarget(url)
      return target === undefined || isForbiddenAsWritten(judge, target)
    },
    async close () {
      await Promise.allSettled(underWay)
    }
  }
}
