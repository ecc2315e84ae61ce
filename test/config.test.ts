import { resolve } from 'node:path'

import { test } from 'tap'

import { readConfig, widenThreadPool } from '../src/config.ts'
import type { Config } from '../src/config.ts'
import { HelpShown, UsageError } from '../src/flags.ts'

const DEFAULTS: Config = {
  host: '127.0.0.1',
  port: 6262,
  dataPath: resolve('data/warung.json'),
  merchantId: 'G626262626',
  serverKey: undefined,
  clientKey: undefined,
  notificationUrls: undefined,
  adminPassword: undefined,
  seed: undefined,
  logLevel: 'info',
  autoMerchants: false,
  seedFile: undefined,
  tls: null,
  allowedHosts: [],
  allowedTargets: null,
  acceptEdits: false
}

test('without flags and environment there are the documented defaults', async (t) => {
  t.same(readConfig([], {}), DEFAULTS)
})

const settings: Array<[flag: string, value: string, member: keyof Config, means: unknown, other: string]> = [
  ['host', '0.0.0.0', 'host', '0.0.0.0', '::1'],
  ['port', '0', 'port', 0, '8080'],
  ['port', '65535', 'port', 65_535, '1'],
  ['data', ':memory:', 'dataPath', null, 'elsewhere.json'],
  ['data', 'a/b.json', 'dataPath', resolve('a/b.json'), ':memory:'],
  ['server-key', 'SB-Mid-server-x', 'serverKey', 'SB-Mid-server-x', 'SB-Mid-server-y'],
  ['client-key', 'SB-Mid-client-x', 'clientKey', 'SB-Mid-client-x', 'SB-Mid-client-y'],
  ['merchant-id', 'G812785002', 'merchantId', 'G812785002', 'M123456'],
  ['notification-url', 'http://a.test/n', 'notificationUrls', ['http://a.test/n'], 'http://c.test/'],
  ['notification-url', 'http://a.test/n, https://b.test:8443/,', 'notificationUrls', ['http://a.test/n', 'https://b.test:8443/'], 'http://c.test/'],
  ['admin-password', 'a:b c', 'adminPassword', 'a:b c', 'other'],
  ['seed', 'seven', 'seed', 'seven', 'eight'],
  ['seed-file', 'a/seed.json', 'seedFile', resolve('a/seed.json'), 'b.json'],
  ['log-level', 'silent', 'logLevel', 'silent', 'debug'],
  ['allow-host', 'shop.example,till.example', 'allowedHosts', ['shop.example', 'till.example'], 'x.example'],
  ['allow-target', 'shop.example, 10.0.0.0/8,192.168.1.7,fd00::/8,::1', 'allowedTargets', ['shop.example', '10.0.0.0/8', '192.168.1.7', 'fd00::/8', '::1'], 'x.example']
]

for (const [flag, value, member, means, other] of settings) {
  const variable = `WARUNG_${flag.toUpperCase().replace('-', '_')}`
  const expected = { ...DEFAULTS, [member]: means }

  test(`--${flag} ${value} and ${variable} mean ${JSON.stringify(means)}, and the flag wins`, async (t) => {
    t.same(readConfig([`--${flag}`, value], {}), expected)
    t.same(readConfig([`--${flag}=${value}`], {}), expected)
    t.same(readConfig([], { [variable]: value }), expected)
    t.same(readConfig([`--${flag}`, value], { [variable]: other }), expected)
    t.same(readConfig([], { [variable]: '' }), DEFAULTS, 'an empty variable is none')
  })
}

test('flags, environment and defaults are mixed setting by setting', async (t) => {
  t.same(readConfig(['--port', '1', '--seed', 's'], { WARUNG_PORT: '2', WARUNG_HOST: '::1', WARUNG_UNKNOWN: 'x', PORT: '3', HOST: 'x' }),
    { ...DEFAULTS, port: 1, seed: 's', host: '::1' })
})

const bad: Array<[flag: string, value: string]> = [
  ['port', 'abc'], ['port', '-1'], ['port', '65536'], ['port', '80.5'], ['port', ' 80'], ['port', '0x50'], ['port', '1e3'],
  ['server-key', 'admin'], ['server-key', 'a:b'], ['server-key', 'a b'],
  ['merchant-id', 'a b'], ['merchant-id', 'G:1'], ['merchant-id', 'x'.repeat(51)],
  ['notification-url', 'nonsense'], ['notification-url', 'ftp://a.test/'], ['notification-url', 'http://u:p@a.test/'], ['notification-url', 'http://a.test/,nonsense'],
  ['log-level', 'loud'], ['log-level', 'INFO'],
  ['allow-target', '10.0.0.0/33'], ['allow-target', '10.0.0.0/'], ['allow-target', 'shop.example/8'], ['allow-target', 'fd00::/129'], ['allow-target', 'a.test,10.0.0.0/x']
]

for (const [flag, value] of bad) {
  const variable = `WARUNG_${flag.toUpperCase().replace('-', '_')}`
  test(`--${flag} ${value} is refused in one line that names where it stands`, async (t) => {
    const byFlag = usageOf([`--${flag}`, value])
    const byVariable = usageOf([], { [variable]: value })
    for (const message of [byFlag, byVariable]) t.match(message, /^[^\r\n]+$/)
    t.match(byFlag, `--${flag}`)
    t.match(byVariable, variable)
  })
}

const badFlags: ReadonlyArray<readonly [args: readonly string[], names: string]> = [
  [['--nope'], '--nope'],
  [['--nope', 'x'], '--nope'],
  [['--ports', '1'], '--ports'],
  [['-p', '1'], '-p'],
  [['--port'], '--port'],
  [['stop'], 'too many arguments'],
  [['--data', 'a.json', 'nonsense'], 'too many arguments']
]

for (const [args, names] of badFlags) {
  test(`warung ${args.join(' ')} is refused in one line`, async (t) => {
    const message = usageOf(args)
    t.match(message, /^[^\r\n]+$/)
    t.match(message, names)
  })
}

test('a wrong variable is no matter where a flag is given', async (t) => {
  t.equal(readConfig(['--port', '1'], { WARUNG_PORT: 'abc' }).port, 1)
})

test('a message does not show a server key that was refused', async (t) => {
  t.equal(usageOf(['--server-key', 'SB-Mid-server-se:cret']).includes('cret'), false)
})

for (const flag of ['--help', '-h']) {
  test(`${flag} shows every setting and stops`, async (t) => {
    const shown: string[] = []
    const { write } = process.stdout
    let thrown: unknown
    process.stdout.write = ((text: string) => shown.push(text) > 0) as typeof write
    try {
      readConfig([flag], {})
    } catch (error) {
      thrown = error
    } finally {
      process.stdout.write = write
    }

    t.equal(thrown instanceof HelpShown, true)
    for (const [name] of settings) t.match(shown.join(''), `--${name}`)
  })
}

function usageOf (args: readonly string[], env: Record<string, string> = {}): string {
  try {
    readConfig(args, env)
  } catch (error) {
    if (error instanceof UsageError) return error.message
    throw error
  }
  return ''
}

test('a few dead names keep no other waiting, unless someone has chosen how many threads there are', async (t) => {
  const [unset, chosen]: Array<Record<string, string | undefined>> = [{}, { UV_THREADPOOL_SIZE: '4' }]
  widenThreadPool(unset)
  widenThreadPool(chosen)
  t.same([unset, chosen], [{ UV_THREADPOOL_SIZE: '64' }, { UV_THREADPOOL_SIZE: '4' }])
})

const tls: Array<[args: readonly string[], means: Partial<Config['tls'] & object>]> = [
  [['--tls-port', '8443'], { port: 8443, isOptional: false, folder: resolve('data'), names: ['api.sandbox.midtrans.com', 'app.sandbox.midtrans.com', 'localhost', '127.0.0.1', '::1'], authorityCopy: undefined, given: undefined }],
  [['--tls-port', '443?'], { port: 443, isOptional: true }],
  [['--tls-port', '0', '--data', ':memory:'], { port: 0, folder: null }],
  [['--tls-port', '0', '--data', '/a/b.json'], { folder: '/a' }],
  [['--tls-port', '0', '--data', ':memory:', '--tls-dir', '/tls', '--tls-ca-file', '/pub/ca.pem'], { folder: '/tls', authorityCopy: '/pub/ca.pem' }],
  [['--tls-port', '0', '--tls-name', 'Warung, shop.test,10.0.0.1,localhost'], { names: ['api.sandbox.midtrans.com', 'app.sandbox.midtrans.com', 'localhost', '127.0.0.1', '::1', 'warung', 'shop.test', '10.0.0.1'] }],
  [['--tls-port', '0', '--tls-cert', '/c.pem', '--tls-key', '/k.pem'], { given: { cert: '/c.pem', key: '/k.pem' } }]
]

for (const [args, means] of tls) {
  test(`warung ${args.join(' ')} serves TLS so`, async (t) => {
    t.match(readConfig(args, {}).tls, means)
  })
}

for (const [args, names] of [
  [['--tls-port', '70000'], /--tls-port must be a port/], [['--tls-port', '?'], /--tls-port must be a port/], [['--tls-name', '*.shop.test'], /--tls-name must list host names and IP addresses, not "\*\.shop\.test"/],
  [['--tls-name', 'a b'], /--tls-name/], [['--tls-name', 'fe80::1%eth0'], /--tls-name must list/], [['--tls-name', 'warung'], /--tls-name means nothing without --tls-port/], [['--port', '443', '--tls-port', '443'], /--port and --tls-port must differ/], [['--tls-cert', 'c.pem'], /--tls-cert and --tls-key go together/]
] as const) {
  test(`warung ${args.join(' ')} is refused`, async (t) => {
    t.match(usageOf(args), names)
  })
}
