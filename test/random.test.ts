import * as fc from 'fast-check'
import { test } from 'tap'

import type { Draw } from '../src/ports.ts'
import { seededRandom, trueRandom } from '../src/random.ts'
import { counterexample } from './domain/property.ts'

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

const sources: Array<[source: string, draw: (occasion: string) => Draw]> = [
  ['true', (occasion) => trueRandom.draw('G1', occasion)],
  ['seeded', (occasion) => seededRandom('seed').draw('G1', occasion)]
]

function all (draw: Draw): readonly unknown[] {
  return [draw.uuid(), draw.digits(12), draw.name(), draw.fraction(), draw.uuid(), draw.digits(8), draw.name(), draw.fraction()]
}

for (const [source, draw] of sources) {
  test(`${source} chance has the promised forms`, async (t) => {
    t.equal(counterexample(fc.property(fc.string(), fc.integer({ min: 1, max: 40 }), (occasion, count) => {
      const { uuid, digits, name, fraction } = draw(occasion)
      const part = fraction()
      return UUID_V4.test(uuid()) && new RegExp(`^\\d{${count}}$`).test(digits(count)) && /^[a-z0-9]+$/.test(name()) && part >= 0 && part < 1
    })), undefined)
  })

  test(`${source} chance draws something new each time`, async (t) => {
    const one = draw('change 1')
    t.equal(new Set([one.uuid(), one.uuid(), one.uuid()]).size, 3)
    t.equal(new Set([one.digits(20), one.digits(20), one.digits(20)]).size, 3)
    t.equal(new Set([one.name(), one.name(), one.name()]).size, 3)
    t.equal(new Set([one.fraction(), one.fraction(), one.fraction()]).size, 3)
  })

  test(`${source} chance uses every digit, and the whole of a fraction`, async (t) => {
    const one = draw('change 2')
    t.equal(new Set(one.digits(1000)).size, 10)
    const tenths = Array.from({ length: 1000 }, () => Math.floor(one.fraction() * 10))
    t.equal(new Set(tenths).size, 10)
  })
}

test('with a seed the same merchant and occasion draw the same, in whatever order they are asked', async (t) => {
  const random = seededRandom('seed')
  const first = all(random.draw('G1', 'change 1'))
  random.draw('G2', 'change 1').digits(1000)
  random.draw('G1', 'change 2').uuid()

  t.same(all(random.draw('G1', 'change 1')), first)
  t.same(all(seededRandom('seed').draw('G1', 'change 1')), first)
})

const others: Array<[what: string, draw: Draw]> = [
  ['seed', seededRandom('seed2').draw('G1', 'change 1')],
  ['merchant', seededRandom('seed').draw('G2', 'change 1')],
  ['occasion', seededRandom('seed').draw('G1', 'change 2')],
  ['split between merchant and occasion', seededRandom('seed').draw('G1change', ' 1')],
  ['split between seed and merchant', seededRandom('seedG').draw('1', 'change 1')]
]

for (const [what, other] of others) {
  test(`another ${what} draws otherwise`, async (t) => {
    const same = all(seededRandom('seed').draw('G1', 'change 1'))
    t.same(all(other).filter((value, index) => value === same[index]), [])
  })
}

test('without a seed the same occasion draws otherwise each time', async (t) => {
  const first = all(trueRandom.draw('G1', 'change 1'))
  t.same(all(trueRandom.draw('G1', 'change 1')).filter((value, index) => value === first[index]), [])
})
