import Fastify from 'fastify'
import type { FastifyInstance, FastifyReply, FastifySchema } from 'fastify'
import { test } from 'tap'
import type { Test } from 'tap'
import { Type } from 'typebox'

import { adminAnswers } from '../../src/http/answers.ts'
import { durationText } from '../../src/http/schemas.ts'
import { holdToContract } from '../support/contract.ts'

// The tests are held to what routes say by a hook; here is the hook held to what it says.

const Told = Type.Object({ text: Type.String() })

const answers: ReadonlyArray<readonly [name: string, status: number, answer: unknown, breach: RegExp | undefined]> = [
  ['as described', 200, { text: 'a' }, undefined],
  ['lacks a member', 200, {}, /required property 'text'/],
  ['has a member of another kind', 200, { text: 1 }, /\/text must be string/],
  ['has a member more', 200, { text: 'a', more: 1 }, /additional properties/],
  ['has a status of its own', 201, { text: 'a' }, /does not say that it may answer so/],
  ['is a refusal that is named', 404, { code: 'transaction_unknown', message: '', explain: null }, undefined],
  ['is a refusal of another status', 404, { code: 'already_paid', message: '', explain: null }, /\/code must be equal to one of/],
  ['is a refusal that is common', 415, { code: 'unsupported_media_type', message: '', explain: null }, undefined],
  ['is a refusal that nobody named', 409, { code: 'already_paid', message: '', explain: null }, /\/code must be equal to one of/],
  ['is no refusal', 400, { text: 'a' }, /required property 'code'/],
  ['has a body where there is none', 204, { text: 'a' }, /there should be no body/],
  ['is no JSON', 200, 'text', /does not say that it may answer text\/plain/]
]

for (const [name, status, answer, breach] of answers) {
  test(`an answer that ${name} is ${breach === undefined ? 'let pass' : 'told of'}`, async (t) => {
    const { app, expectContract } = server(t, { response: adminAnswers({ 200: Told, 204: Type.Null() }, 'transaction_unknown') }, (reply) => reply.code(status).send(answer))
    await app.inject('/')
    if (breach === undefined) expectContract()
    else t.throws(expectContract, { message: breach })
  })
}

const requests: ReadonlyArray<readonly [url: string, status: number, isTold: boolean]> = [['/?delay=1s', 200, false], ['/?delay=soon', 200, true], ['/?delay=soon', 400, false]]

for (const [url, status, isTold] of requests) {
  test(`${url} answered ${status} is ${isTold ? 'told of' : 'let pass'}`, async (t) => {
    const answer = status === 200 ? { text: 'a' } : { code: 'invalid_request', message: '', explain: null }
    const { app, expectContract } = server(t, { querystring: Type.Object({ delay: durationText('') }), response: adminAnswers({ 200: Told }) }, (reply) => reply.code(status).send(answer))
    await app.inject(url)
    if (isTold) t.throws(expectContract, { message: /it took \{"delay":"soon"\}: \/delay must match pattern/ })
    else expectContract()
  })
}

function server (t: Test, schema: FastifySchema, answer: (reply: FastifyReply) => FastifyReply): { readonly app: FastifyInstance, readonly expectContract: () => void } {
  const app = Fastify({ ajv: { customOptions: { keywords: ['sense'] } } })
  t.teardown(() => app.close())
  app.setSerializerCompiler(() => JSON.stringify)
  const expectContract = holdToContract(app)
  app.get('/', { schema }, async (_request, reply) => answer(reply))
  return { app, expectContract }
}
