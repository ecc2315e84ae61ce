import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'

import { readDuration } from '../../domain/duration.ts'
import { toIso } from '../../domain/instant.ts'
import type { Merchant } from '../../domain/merchant.ts'
import { readMoment } from '../../domain/moment.ts'
import { Refusal } from '../../domain/refusal.ts'
import { advanceClock } from '../../operations/advance-clock.ts'
import type { Goal } from '../../operations/advance-clock.ts'
import { freezeClock } from '../../operations/freeze-clock.ts'
import type { MoveClockDeps } from '../../operations/move-clock.ts'
import { resetClock } from '../../operations/reset-clock.ts'
import { resumeClock } from '../../operations/resume-clock.ts'
import { showClock } from '../../operations/show-clock.ts'
import { merchantOf } from '../authentication.ts'
import { keepOpen } from '../keep-open.ts'
import { clockDocument, effectDocument } from './documents.ts'
import type { Document } from './documents.ts'
import { AdvanceBody, FreezeBody, NoBody } from './schemas.ts'

/** The merchant's clock: /admin/clock. */
export const clockRoutes: FastifyPluginAsyncTypebox<MoveClockDeps> = async (app, deps) => {
  const face = async (merchant: Merchant): Promise<Document> => clockDocument(await showClock(deps, merchant))

  app.get('/clock', async (request) => face(merchantOf(request)))

  app.post('/clock/advance', { schema: { body: AdvanceBody } }, async (request, reply) => {
    keepOpen(reply)
    const { from, to, effects } = await advanceClock(deps, merchantOf(request), readGoal(request.body))
    return { from: toIso(from), to: toIso(to), effects: effects.map(effectDocument) }
  })

  app.post('/clock/freeze', { schema: { body: FreezeBody } }, async (request, reply) => {
    keepOpen(reply)
    const at = request.body?.at
    await freezeClock(deps, merchantOf(request), at === undefined ? undefined : readMoment('at', at))
    return face(merchantOf(request))
  })

  app.post('/clock/resume', { schema: { body: NoBody } }, async (request) => {
    await resumeClock(deps, merchantOf(request))
    return face(merchantOf(request))
  })

  app.post('/clock/reset', { schema: { body: NoBody } }, async (request) => {
    await resetClock(deps, merchantOf(request))
    return face(merchantOf(request))
  })
}

function readGoal (body: { readonly by: string | number } | { readonly to: string }): Goal {
  if ('to' in body) return { to: readMoment('to', body.to) }
  const by = readDuration(body.by)
  if (by === undefined) throw new Refusal('invalid_request', 'by must be a duration such as "500ms", "3s", "10m", "24h" or "7d"')
  return { by }
}
