import * as fc from 'fast-check'
import { test } from 'tap'

import { harmless, holdsTooMany, isObject, MAX_DEPTH, MAX_VALUES, writeReversed } from '../../src/domain/json.ts'
import type { Json } from '../../src/domain/json.ts'
import { counterexample } from './property.ts'

const written: Array<[behaviour: string, value: Json, text: string]> = [
  ['keys run backwards', { a: 1, b: 2, c: 3 }, '{"c":3,"b":2,"a":1}'],
  ['nested keys run backwards', { a: { x: 1, y: 2 }, b: 0 }, '{"b":0,"a":{"y":2,"x":1}}'],
  ['keys inside lists run backwards', [{ a: 1, b: [{ c: 1, d: 2 }] }], '[{"b":[{"d":2,"c":1}],"a":1}]'],
  ['lists keep their order', [3, 1, 2], '[3,1,2]'],
  ['keys that look like numbers run backwards as texts', { 7: 'a', 10: 'b', 9: 'c', x: 'd' }, '{"x":"d","9":"c","7":"a","10":"b"}'],
  ['a longer key precedes its beginning', { order: 1, order_id: 2 }, '{"order_id":2,"order":1}'],
  ['capitals come after small letters', { a: 1, B: 2, _: 3 }, '{"a":1,"_":3,"B":2}'],
  ['keys are escaped', { 'a"b': 1, 'c\n': 2 }, '{"c\\n":2,"a\\"b":1}'],
  ['no blank is written', { b: [1, { d: null }], a: 'x y' }, '{"b":[1,{"d":null}],"a":"x y"}'],
  ['what is empty stays', { c: {}, b: [], a: '' }, '{"c":{},"b":[],"a":""}'],
  ['scalars are themselves', [true, false, null, 1.5, -2, 'ü'], '[true,false,null,1.5,-2,"ü"]']
]

for (const [behaviour, value, text] of written) {
  test(behaviour, async (t) => {
    t.equal(writeReversed(value), text)
  })
}

/** The keys of every object in a JSON text, as they follow one another. */
function keysIn (text: string): string[][] {
  const [all, open]: [string[][], Array<string[] | undefined>] = [[], []]
  for (const [token, key] of text.matchAll(/("(?:[^"\\]|\\.)*")(?=:)|"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (token === '{') open.push([])
    else if (token === '[') open.push(undefined)
    else if (token === '}' || token === ']') all.push(open.pop() ?? [])
    else if (key !== undefined) open.at(-1)?.push(JSON.parse(key))
  }
  return all
}

const KEYS = fc.oneof(fc.string(), fc.nat({ max: 30 }).map(String), fc.constantFrom('a', 'A', 'a1', '__proto__', 'constructor'))
const SCALARS = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null))

type Tree = { readonly members: ReadonlyArray<readonly [string, Tree]> } | { readonly items: readonly Tree[] } | { readonly scalar: string | number | boolean | null }

/** JSON before it is a value, so that a member named `__proto__` is a member like any other. */
const trees = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof({ depthSize: 'small', withCrossShrink: true },
    SCALARS.map((scalar) => ({ scalar })),
    fc.array(tie('tree'), { maxLength: 3 }).map((items) => ({ items })),
    fc.uniqueArray(fc.tuple(KEYS, tie('tree')), { selector: ([key]) => key, maxLength: 5 }).map((members) => ({ members })))
})).tree

function write (tree: Tree, keeps: (key: string) => boolean): string {
  if ('scalar' in tree) return JSON.stringify(tree.scalar)
  if ('items' in tree) return `[${tree.items.map((item) => write(item, keeps)).join(',')}]`
  const members = tree.members.filter(([key]) => keeps(key))
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${write(member, keeps)}`).join(',')}}`
}

test('what is written backwards reads back equal', async (t) => {
  t.equal(counterexample(fc.property(trees, (tree) => {
    const value: Json = JSON.parse(write(tree, () => true))
    return sorted(JSON.parse(writeReversed(value))) === sorted(value)
  })), undefined)
})

test('every object is written in strict reverse order of its keys', async (t) => {
  t.equal(counterexample(fc.property(trees, (tree) => {
    const objects = keysIn(writeReversed(JSON.parse(write(tree, () => true))))
    return objects.every((keys) => keys.every((key, index) => index === 0 || key < (keys[index - 1] ?? '')))
  })), undefined)
})

test('harmless JSON is the same JSON without the members that could reach a prototype', async (t) => {
  t.equal(counterexample(fc.property(trees, (tree) => {
    const dangerous: Json = JSON.parse(write(tree, () => true))
    const expected = write(tree, (key) => key !== '__proto__' && key !== 'constructor')
    return JSON.stringify(harmless(dangerous)) === JSON.stringify(JSON.parse(expected))
  })), undefined)
})

test('harmless JSON has no own __proto__ or constructor at any level, and a usual prototype', async (t) => {
  t.equal(counterexample(fc.property(trees, (tree) => isHarmless(harmless(JSON.parse(write(tree, () => true)))))), undefined)
})

const cleaned: Array<[behaviour: string, text: string, clean: string]> = [
  ['a member __proto__ is dropped', '{"__proto__":{"admin":true},"a":1}', '{"a":1}'],
  ['a member constructor is dropped', '{"constructor":{"prototype":{"admin":true}},"a":1}', '{"a":1}'],
  ['nested ones are dropped', '{"a":{"__proto__":1,"b":[{"constructor":2,"c":3}]}}', '{"a":{"b":[{"c":3}]}}'],
  ['names that only resemble them stay', '{"proto":1,"Constructor":2,"prototype":3,"__proto":4}', '{"proto":1,"Constructor":2,"prototype":3,"__proto":4}'],
  ['such a text as a value stays', '{"a":"__proto__","b":["constructor"]}', '{"a":"__proto__","b":["constructor"]}'],
  ['the order of members stays', '{"b":1,"a":2,"c":3}', '{"b":1,"a":2,"c":3}'],
  ['what is dropped does not count as depth', `{"a":1,"__proto__":${'['.repeat(50)}${']'.repeat(50)}}`, '{"a":1}'],
  ['null stays', '{"a":null}', '{"a":null}'],
  ['a bare scalar stays', '"x"', '"x"'],
  ['a bare null stays', 'null', 'null']
]

for (const [behaviour, text, clean] of cleaned) {
  test(`made harmless, ${behaviour}`, async (t) => {
    t.equal(JSON.stringify(harmless(JSON.parse(text))), clean)
  })
}

const lists = (levels: number): Json => JSON.parse('['.repeat(levels) + ']'.repeat(levels))
const objects = (levels: number): Json => JSON.parse('{"a":'.repeat(levels) + '1' + '}'.repeat(levels))

test('JSON may nest 32 levels deep and not one more', async (t) => {
  t.equal(MAX_DEPTH, 32)
  for (const nested of [lists, objects]) {
    t.equal(JSON.stringify(harmless(nested(32))), JSON.stringify(nested(32)))
    t.equal(harmless(nested(33)), undefined)
    t.equal(harmless({ a: 1, b: [nested(31)] }), undefined)
    t.equal(harmless(nested(5_000)), undefined)
  }
})

test('only an object is an object', async (t) => {
  t.equal(isObject({}), true)
  for (const value of [[], null, undefined, 'x', 7, true]) t.equal(isObject(value), false)
})

/** JSON with its members in one order, whatever order they came in. */
function sorted (value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`
  return `{${Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}:${sorted(member)}`).sort().join(',')}}`
}

function isHarmless (value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isHarmless)
  if (!isObject(value)) return true
  return !Object.hasOwn(value, '__proto__') && !Object.hasOwn(value, 'constructor') &&
    Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isHarmless)
}

test('JSON may hold 20,000 values and not one more, whatever its texts hold', async (t) => {
  t.equal(MAX_VALUES, 20_000)
  const text = JSON.stringify(`,[{"\\${'"['.repeat(MAX_VALUES)}`)
  for (const value of ['1', '[]', '{"a":1}', text]) {
    const list = (values: number): Buffer => Buffer.from(`[${Array.from({ length: values }, () => value).join(',\n')}]`)
    const most = /^[[{]/.test(value) ? MAX_VALUES / 2 - 1 : value === text ? 10 : MAX_VALUES - 1
    t.equal(holdsTooMany(list(most)), false, value.slice(0, 10))
    if (value !== text) t.equal(holdsTooMany(list(most + 2)), true, value.slice(0, 10))
  }
})
