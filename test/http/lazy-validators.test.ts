import { test } from 'tap'

import AjvCompiler from '@fastify/ajv-compiler'
import Type from 'typebox'

import { createLazyValidators } from '../../src/http/lazy-validators.ts'

const Body = Type.Object({ amount: Type.Integer({ minimum: 1 }), store: Type.Union([Type.Literal('alfamart'), Type.Literal('indomaret')]) })
const VALUES = [{ amount: 1, store: 'alfamart' }, { amount: '1', store: 'x' }, { amount: 0, store: 'indomaret' }, {}, null, { amount: 2, store: 'indomaret' }]
const ROUTE = { schema: Body, method: 'POST', url: '/', httpPart: 'body' }

test('a validator says of each value what Fastify\'s own says', async (t) => {
  const options = { customOptions: { allErrors: true, coerceTypes: false } } as const
  const own = AjvCompiler()({}, options)(ROUTE)
  const lazy = createLazyValidators()({}, options)(ROUTE)
  for (const value of VALUES) {
    t.equal(lazy(value), own(value), JSON.stringify(value))
    t.same(lazy.errors, own.errors)
  }
})

test('nothing is built before the first value comes, and what was built serves the next', async (t) => {
  let created = 0
  const validators = createLazyValidators()
  const options = { customOptions: {}, onCreate: () => { created += 1 } }
  const [first, second] = [validators({}, options)(ROUTE), validators({}, options)({ ...ROUTE, schema: Type.String() })]
  t.equal(created, 0)
  t.equal(first({ amount: 1, store: 'alfamart' }), true)
  t.equal(second('text'), true)
  t.equal(first({}), false)
  t.equal(created, 1)
})

test('a schema that cannot be is told by the first value, and by each one after it', async (t) => {
  const lazy = createLazyValidators()({}, { customOptions: { strict: true } })({ ...ROUTE, schema: { type: 'nothing' } })
  t.throws(() => lazy({}), /type must be|must be equal to one of/)
  t.throws(() => lazy({}), /type must be|must be equal to one of/)
})
