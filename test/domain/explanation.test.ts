import { readFileSync } from 'node:fs'

import { test } from 'tap'

import { seenOf, suchAs } from '../../src/domain/explanation.ts'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

test('every section that an explanation may name is a heading of docs/gateway.md', async (t) => {
  const headings = read('docs/gateway.md').split('\n').filter((line) => /^##/.test(line)).map((line) => line.replace(/^#+ /, ''))
  const [, union = ''] = read('src/domain/explanation.ts').split('export type Section =')
  const sections = [...(union.split('\n\n')[0] ?? '').matchAll(/'([^']+)'/g)].map(([, name = '']) => name)

  t.ok(sections.length > 10)
  t.same(sections.filter((name) => !headings.includes(name)), [])
})

const SEEN: ReadonlyArray<readonly [value: unknown, seen: string | null]> = [
  [undefined, null],
  [null, 'null'],
  ['', ''],
  ['order 101', 'order 101'],
  [44000.5, '44000.5'],
  [Infinity, 'Infinity'],
  [true, 'true'],
  [['a'], '["a"]'],
  ['x'.repeat(100), 'x'.repeat(100)],
  ['x'.repeat(101), `${'x'.repeat(99)}…`],
  ['SB-Mid-server-secretkey', 'SB-Mid-server-…tkey']
]
for (const [value, seen] of SEEN) {
  test(`${JSON.stringify(value)?.slice(0, 30) ?? 'nothing'} is shown as ${seen?.slice(0, 30) ?? 'nothing'}`, async (t) => {
    t.equal(seenOf(value), seen)
  })
}

test('an example is JSON at the end of the sentence', async (t) => {
  t.equal(suchAs('a store', 'alfamart'), 'a store, such as "alfamart"')
})
