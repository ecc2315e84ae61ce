import { test } from 'tap'

import { notificationUrls, originOf, readChargeUrls, readTarget } from '../../src/domain/target.ts'

const OWN = 'http://own.test/notify'
const [A, B, C, D] = ['http://a.test/1', 'http://b.test/2', 'https://c.test:8443/3', 'http://d.test/4'] as const

const targets: Array<[text: string, usable: boolean]> = [
  ['http://shop.test/notify', true],
  ['https://shop.test/notify', true],
  ['HTTPS://SHOP.TEST', true],
  ['http://localhost:3000/hook?shop=7', true],
  ['http://127.0.0.1:3000', true],
  ['http://[::1]:3000/hook', true],
  ['http://192.168.1.7/hook', true],
  ['http://shop.test/notify#part', true],
  ['ftp://shop.test/notify', false],
  ['file:///etc/passwd', false],
  ['javascript:alert(1)', false],
  ['data:text/plain,hi', false],
  ['ws://shop.test/', false],
  ['http://budi@shop.test/', false],
  ['http://budi:secret@shop.test/', false],
  ['http://:secret@shop.test/', false],
  ['shop.test/notify', false],
  ['localhost:3000/hook', false],
  ['/notify', false],
  ['//shop.test/notify', false],
  ['http://', false],
  ['http:// shop.test/', false],
  ['http://shop.test:99999/', false],
  ['', false]
]

for (const [text, usable] of targets) {
  test(`${JSON.stringify(text)} ${usable ? 'may' : 'may not'} be notified`, async (t) => {
    t.equal(readTarget(text) !== undefined, usable)
  })
}

const origins: Array<[url: string, origin: string]> = [
  ['http://shop.test/notify?x=1', 'http://shop.test'],
  ['http://shop.test:80/', 'http://shop.test'],
  ['http://shop.test:3000/', 'http://shop.test:3000'],
  ['https://shop.test/', 'https://shop.test'],
  ['https://SHOP.test:443/a', 'https://shop.test']
]

for (const [url, origin] of origins) {
  test(`deliveries to ${url} are counted by ${origin}`, async (t) => {
    t.equal(originOf(url), origin)
  })
}

/** The headers of a charge, and whom a merchant with one URL of its own then tells. */
const rows: Array<[behaviour: string, override: string | undefined, append: string | undefined, urls: readonly string[]]> = [
  ['without headers the own URL is told', undefined, undefined, [OWN]],
  ['empty headers are absent ones', '', '', [OWN]],
  ['blank headers are absent ones', '  ', ' ', [OWN]],

  ['override replaces the own URL', A, undefined, [A]],
  ['override takes three URLs', `${A},${B},${C}`, undefined, [A, B, C]],
  ['override takes no fourth URL', `${A},${B},${C},${D}`, undefined, [A, B, C]],
  ['override may name the own URL', `${A},${OWN}`, undefined, [A, OWN]],
  ['blanks around a URL are nothing', ` ${A} , ${B}\t`, undefined, [A, B]],
  ['the same URL twice is told once', `${A},${A}`, undefined, [A]],
  ['the same URL twice counts once', `${A},${A},${B},${C}`, undefined, [A, B, C]],
  ['an unusable URL is left out before counting', `nonsense,${A},ftp://x.test/,${B},http://budi:secret@x.test/,${C}`, undefined, [A, B, C]],
  ['an empty part of the list is left out', `,${A},,${B},`, undefined, [A, B]],
  ['an override with no usable URL tells nobody', 'nonsense', undefined, []],
  ['an override of a bare comma tells nobody', ',', undefined, []],
  ['an override with a blank header beside it stays an override', A, ' ', [A]],

  ['append adds to the own URL, which comes first', undefined, A, [OWN, A]],
  ['append takes three URLs beside the own', undefined, `${A},${B},${C}`, [OWN, A, B, C]],
  ['append takes no fourth URL', undefined, `${A},${B},${C},${D}`, [OWN, A, B, C]],
  ['append of the own URL adds nothing', undefined, OWN, [OWN]],
  ['append of the own URL does not count', undefined, `${OWN},${A},${B},${C}`, [OWN, A, B, C]],
  ['append of the same URL twice counts once', undefined, `${A},${A},${B},${C}`, [OWN, A, B, C]],
  ['append of an unusable URL is left out before counting', undefined, `${A},nonsense,${B},${C}`, [OWN, A, B, C]],
  ['append of nothing usable leaves the own URL', undefined, 'nonsense', [OWN]],
  ['append takes other URLs beside an empty override', '', A, [OWN, A]],

  ['override comes before append', B, A, [B, A]],
  ['override and append share three places', `${A},${B}`, `${C},${D}`, [A, B, C]],
  ['override may leave append no place', `${A},${B},${C}`, D, [A, B, C]],
  ['a URL of both counts once', `${A},${B}`, `${B},${C}`, [A, B, C]],
  ['the own URL is not told beside an override', A, B, [A, B]]
]

for (const [behaviour, override, append, urls] of rows) {
  test(behaviour, async (t) => {
    t.same(notificationUrls([OWN], readChargeUrls(override, append)), urls)
  })
}

test('all own URLs are told, each once, and none of them counts', async (t) => {
  const own = [OWN, 'http://own.test/2', 'http://own.test/3', 'http://own.test/4', OWN]

  t.same(notificationUrls(own, readChargeUrls(undefined, undefined)), own.slice(0, 4))
  t.same(notificationUrls(own, readChargeUrls(undefined, `${A},${B},${C}`)), [...own.slice(0, 4), A, B, C])
})

test('a merchant without URLs tells those that a charge brings, and else nobody', async (t) => {
  t.same(notificationUrls([], readChargeUrls(undefined, A)), [A])
  t.same(notificationUrls([], readChargeUrls(A, undefined)), [A])
  t.same(notificationUrls([], readChargeUrls(undefined, undefined)), [])
})

test('a header that was absent is told apart from one that holds nothing usable', async (t) => {
  t.equal(readChargeUrls(undefined, undefined).override, null)
  t.equal(readChargeUrls('', undefined).override, null)
  t.same(readChargeUrls('nonsense', undefined).override, [])
  t.same(readChargeUrls(undefined, `${A}, nonsense`).append, [A])
})
