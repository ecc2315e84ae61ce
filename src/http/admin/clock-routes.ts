import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'

import { readDuration } from '../../domain/duration.ts'
import { suchAs } from '../../domain/explanation.ts'
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
import { adminAnswers } from '../answers.ts'
import { aboutMember } from './about-member.ts'
import { Advance, Clock } from './document-schemas.ts'
import { clockDocument, effectDocument } from './documents.ts'
import type { Document } from './documents.ts'
import { AdvanceBody, FreezeBody, NoBody } from './schemas.ts'

/** The merchant's clock: /admin/clock. */
export const clockRoutes: FastifyPluginAsyncTypebox<MoveClockDeps> = async (app, deps) => {
  const face = async (merchant: Merchant): Promise<Document> => clockDocument(await showClock(deps, merchant))

  app.get('/clock', {
    schema: {
      operationId: 'showClock',
      summary: 'What the clock of this merchant shows',
      response: adminAnswers({ 200: Clock })
    }
  }, async (request) => face(merchantOf(request)))

  app.post('/clock/advance', {
    schema: {
      operationId: 'advanceClock',
      summary: 'Lets time pass; answers when all that fell due is done',
      body: AdvanceBody,
      response: adminAnswers({ 200: Advance }, 'time_goes_back', 'advance_under_way')
    }
  }, async (request, reply) => {
    keepOpen(reply)
    const { by, to: until } = request.body
    const [field, held, expected] = by === undefined ? ['to', until, A_MOMENT] as const : ['by', by, A_DURATION] as const
    const { from, to, effects } = await aboutMember(field, held, expected, async () => advanceClock(deps, merchantOf(request), readGoal(request.body)))
    return { from: toIso(from), to: toIso(to), effects: effects.map(effectDocument) }
  })

  app.post('/clock/freeze', {
    schema: {
      operationId: 'freezeClock',
      summary: 'Stands still, now or at a later instant',
      body: FreezeBody,
      response: adminAnswers({ 200: Clock }, 'time_goes_back', 'advance_under_way')
    }
  }, async (request, reply) => {
    keepOpen(reply)
    const at = request.body?.at
    await aboutMember('at', at, A_MOMENT, async () => freezeClock(deps, merchantOf(request), at === undefined ? undefined : readMoment('at', at)))
    return face(merchantOf(request))
  })

  app.post('/clock/resume', {
    schema: {
      operationId: 'resumeClock',
      summary: 'Runs on from where it stands',
      body: NoBody,
      response: adminAnswers({ 200: Clock }, 'advance_under_way')
    }
  }, async (request) => {
    await resumeClock(deps, merchantOf(request))
    return face(merchantOf(request))
  })

  app.post('/clock/reset', {
    schema: {
      operationId: 'resetClock',
      summary: 'Returns to real time, in a world without transactions',
      body: NoBody,
      response: adminAnswers({ 200: Clock }, 'world_not_empty', 'advance_under_way')
    }
  }, async (request) => {
    await resetClock(deps, merchantOf(request))
    return face(merchantOf(request))
  })
}

const A_DURATION = suchAs('a duration like "500ms", "3s", "10m", "24h" or "7d", which does not lead beyond 9997', '24h')
const A_MOMENT = suchAs('a time in WIB, or in ISO 8601 with a zone, of the years from 1970 to 9997', '2026-11-23 20:00:00')

/** The schema lets one of the two through. */
function readGoal ({ by, to }: { readonly by?: string | number, readonly to?: string }): Goal {
  if (to !== undefined) return { to: readMoment('to', to) }
  const ms = readDuration(by)
  if (ms === undefined) throw new Refusal('invalid_request', 'by must be a duration such as "500ms", "3s", "10m", "24h" or "7d"')
  return { by: ms }
}
