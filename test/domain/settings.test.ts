import { test } from 'tap'

import { maskKey } from '../../src/domain/masks.ts'
import { newMerchant, serverKeyProblem } from '../../src/domain/merchant.ts'
import { changeSettings, DEFAULT_SETTINGS, settingsDocument } from '../../src/domain/settings.ts'
import type { Settings } from '../../src/domain/settings.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, refusalOf, SECOND_MS, settings } from '../support/domain.ts'

test('the settings of a new merchant are the documented ones', async (t) => {
  t.equal(JSON.stringify(settingsDocument(DEFAULT_SETTINGS)), '{"notification_urls":[],"active_stores":["alfamart","indomaret"],' +
    '"default_expiry":{"alfamart":"24h","indomaret":"24h"},"store_limits":true,"strict_order_id":true,"pending_notification":true,' +
    '"pending_notification_delay":"0ms","expiry_lag":"0ms","retry_jitter":false,"notification_timeout":"15s","charge_fate_field":true,"receipt_name":"Warung"}')
})

const taken: Array<[document: object, changed: Partial<Settings>]> = [
  [{}, {}],
  [{ notification_urls: ['http://localhost:3000/hook', 'https://shop.test/'] }, { notificationUrls: ['http://localhost:3000/hook', 'https://shop.test/'] }],
  [{ notification_urls: ['http://a.test/', 'http://a.test/'] }, { notificationUrls: ['http://a.test/'] }],
  [{ notification_urls: [] }, { notificationUrls: [] }],
  [{ active_stores: ['indomaret'] }, { activeStores: ['indomaret'] }],
  [{ active_stores: [] }, { activeStores: [] }],
  [{ default_expiry: { alfamart: '2h', indomaret: '7d' } }, { defaultExpiryMs: { alfamart: 2 * HOUR_MS, indomaret: 7 * DAY_MS } }],
  [{ default_expiry: { indomaret: '2h' } }, { defaultExpiryMs: { alfamart: DAY_MS, indomaret: 2 * HOUR_MS } }],
  [{ default_expiry: { alfamart: '1s', indomaret: '180d' } }, { defaultExpiryMs: { alfamart: SECOND_MS, indomaret: 180 * DAY_MS } }],
  [{ default_expiry: {} }, {}],
  [{ store_limits: false, strict_order_id: false, pending_notification: false, retry_jitter: true }, { storeLimits: false, strictOrderId: false, pendingNotification: false, retryJitter: true }],
  [{ pending_notification_delay: '2s' }, { pendingNotificationDelayMs: 2 * SECOND_MS }],
  [{ pending_notification_delay: 1500 }, { pendingNotificationDelayMs: 1500 }],
  [{ expiry_lag: '60s' }, { expiryLagMs: MINUTE_MS }],
  [{ expiry_lag: '0ms' }, { expiryLagMs: 0 }],
  [{ notification_timeout: '500ms' }, { notificationTimeoutMs: 500 }],
  [{ notification_timeout: '1ms' }, { notificationTimeoutMs: 1 }],
  [{ notification_timeout: '10m' }, { notificationTimeoutMs: 10 * MINUTE_MS }],
  [{ charge_fate_field: false }, { chargeFateField: false }],
  [{ receipt_name: 'Toko Budi' }, { receiptName: 'Toko Budi' }],
  [{ receipt_name: 'x'.repeat(255) }, { receiptName: 'x'.repeat(255) }]
]

for (const [document, changed] of taken) {
  test(`${JSON.stringify(document).slice(0, 80)} changes what it names and leaves the rest`, async (t) => {
    t.equal(JSON.stringify(changeSettings(DEFAULT_SETTINGS, document)), JSON.stringify({ ...DEFAULT_SETTINGS, ...changed }))
  })
}

const refused: Array<[document: unknown, messages: readonly RegExp[]]> = [
  [null, [/JSON object/]],
  [[], [/JSON object/]],
  ['store_limits', [/JSON object/]],
  [undefined, [/JSON object/]],
  [{ storeLimits: true }, [/^storeLimits is not a setting.*store_limits/]],
  [{ toString: true }, [/^toString is not a setting/]],
  [JSON.parse('{"__proto__":{"store_limits":false}}'), [/^__proto__ is not a setting/]],
  [{ notification_urls: 'http://a.test/' }, [/^notification_urls must be a list/]],
  [{ notification_urls: ['http://a.test/', 'nonsense'] }, [/^notification_urls must be/]],
  [{ notification_urls: ['ftp://a.test/'] }, [/^notification_urls must be/]],
  [{ notification_urls: ['http://budi:secret@a.test/'] }, [/^notification_urls must be.*without credentials/]],
  [{ notification_urls: [7] }, [/^notification_urls must be/]],
  [{ notification_urls: [null] }, [/^notification_urls must be/]],
  [{ notification_urls: null }, [/^notification_urls must be/]],
  [{ active_stores: ['kioson'] }, [/^active_stores must be.*alfamart, indomaret/]],
  [{ active_stores: ['alfamart', 'Indomaret'] }, [/^active_stores must be/]],
  [{ active_stores: 'alfamart' }, [/^active_stores must be/]],
  [{ active_stores: { alfamart: true } }, [/^active_stores must be/]],
  [{ default_expiry: '24h' }, [/^default_expiry must be/]],
  [{ default_expiry: null }, [/^default_expiry must be/]],
  [{ default_expiry: ['24h'] }, [/^default_expiry must be/]],
  [{ default_expiry: { kioson: '24h' } }, [/^default_expiry must be/]],
  [{ default_expiry: { toString: '24h' } }, [/^default_expiry must be/]],
  [JSON.parse('{"default_expiry":{"__proto__":"24h"}}'), [/^default_expiry must be/]],
  [{ default_expiry: { alfamart: '999ms' } }, [/^default_expiry must be/]],
  [{ default_expiry: { alfamart: '181d' } }, [/^default_expiry must be/]],
  [{ default_expiry: { alfamart: 180 * DAY_MS + 1 } }, [/^default_expiry must be/]],
  [{ default_expiry: { alfamart: '2h', indomaret: 'soon' } }, [/^default_expiry must be/]],
  [{ store_limits: 'false' }, [/^store_limits must be true or false/]],
  [{ store_limits: null }, [/^store_limits must be true or false/]],
  [{ strict_order_id: 1 }, [/^strict_order_id must be true or false/]],
  [{ pending_notification: 0 }, [/^pending_notification must be true or false/]],
  [{ retry_jitter: 'on' }, [/^retry_jitter must be true or false/]],
  [{ pending_notification_delay: 'later' }, [/^pending_notification_delay must be a duration/]],
  [{ pending_notification_delay: -1 }, [/^pending_notification_delay must be a duration/]],
  [{ pending_notification_delay: '181d' }, [/^pending_notification_delay must be a duration/]],
  [{ expiry_lag: 1.5 }, [/^expiry_lag must be a duration/]],
  [{ notification_timeout: 0 }, [/^notification_timeout must be a duration/]],
  [{ notification_timeout: 600_001 }, [/^notification_timeout must be a duration/]],
  [{ receipt_name: '' }, [/^receipt_name must be a text/]],
  [{ receipt_name: 'x'.repeat(256) }, [/^receipt_name must be a text/]],
  [{ receipt_name: 7 }, [/^receipt_name must be a text/]],
  [{ expiry_lag: 'long', receipt_name: '', colour: 'red', store_limits: true }, [/^expiry_lag must/, /^receipt_name must/, /^colour is not/]]
]

for (const [document, messages] of refused) {
  test(`${JSON.stringify(document)?.slice(0, 80) ?? 'nothing'} is refused with ${messages.length === 1 ? 'its reason' : 'every reason'}`, async (t) => {
    const refusal = refusalOf(() => changeSettings(DEFAULT_SETTINGS, document))

    t.equal(refusal?.code, 'invalid_settings')
    t.equal(refusal?.messages.length, messages.length)
    t.match(refusal?.messages, messages)
    for (const message of refusal?.messages ?? []) t.match(refusal?.message, message)
  })
}

test('settings written as a document read back as they were', async (t) => {
  const chosen = settings({
    notificationUrls: ['http://a.test/'],
    activeStores: ['indomaret'],
    defaultExpiryMs: { alfamart: 90 * MINUTE_MS, indomaret: 1500 },
    storeLimits: false,
    strictOrderId: false,
    pendingNotification: false,
    pendingNotificationDelayMs: 1,
    expiryLagMs: 61_000,
    retryJitter: true,
    notificationTimeoutMs: 1,
    chargeFateField: false,
    receiptName: 'Toko Budi'
  })

  t.equal(JSON.stringify(changeSettings(DEFAULT_SETTINGS, settingsDocument(chosen))), JSON.stringify(chosen))
  t.equal(JSON.stringify(changeSettings(chosen, settingsDocument(DEFAULT_SETTINGS))), JSON.stringify(DEFAULT_SETTINGS))
})

test('a part of a document leaves earlier choices, and the earlier settings, as they were', async (t) => {
  const first = changeSettings(DEFAULT_SETTINGS, { default_expiry: { alfamart: '2h' }, receipt_name: 'Toko Budi' })
  const kept = JSON.stringify(first)
  const second = changeSettings(first, { default_expiry: { indomaret: '3h' } })

  t.equal(JSON.stringify(second.defaultExpiryMs), JSON.stringify({ alfamart: 2 * HOUR_MS, indomaret: 3 * HOUR_MS }))
  t.equal(second.receiptName, 'Toko Budi')
  t.equal(JSON.stringify(first), kept)
})

test('a new merchant has its keys, the usual settings and real time', async (t) => {
  const made = newMerchant({ merchantId: 'G812785002', serverKey: 'SB-Mid-server-test', clientKey: 'SB-Mid-client-test' })

  t.equal(JSON.stringify(made), JSON.stringify({
    merchantId: 'G812785002',
    serverKey: 'SB-Mid-server-test',
    clientKey: 'SB-Mid-client-test',
    settings: DEFAULT_SETTINGS,
    faults: [],
    rules: [],
    timeline: { shiftMs: 0, frozenAt: null, isStepped: false }
  }))
})

const serverKeys: Array<[key: string, problem: RegExp | undefined]> = [
  ['SB-Mid-server-warung', undefined],
  ['Mid-server-warung', undefined],
  ['VT-server-warung', undefined],
  ['x', undefined],
  ['administrator', undefined],
  ['', /at least one/],
  ['admin', /admin/],
  ['SB-Mid:server', /":"/],
  ['SB Mid', /blanks/],
  ['SB-Mid-server-test\n', /control/],
  ['SB-Mid-server-\u007f', /control/]
]

for (const [key, problem] of serverKeys) {
  test(`${JSON.stringify(key)} ${problem === undefined ? 'can' : 'cannot'} be a server key`, async (t) => {
    if (problem === undefined) t.equal(serverKeyProblem(key), undefined)
    else t.match(serverKeyProblem(key), problem)
  })
}

const masked: Array<[key: string, shown: string]> = [
  ['SB-Mid-server-warung', 'SB-Mid-server-…rung'],
  ['Mid-server-warung', 'Mid-server-…rung'],
  ['SB-Mid-client-warung', 'SB-Mid-client-…rung'],
  ['SB-Mid-server-abcd', 'SB-Mid-server-…'],
  ['SB-Mid-server-', 'SB-Mid-server-…'],
  ['something-else', '…else'],
  ['key', '…'],
  ['', '…']
]

for (const [key, shown] of masked) {
  test(`the key "${key}" is shown as ${shown}`, async (t) => {
    t.equal(maskKey(key), shown)
  })
}
