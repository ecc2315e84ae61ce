import { test } from 'tap'

import { COMMANDS } from '../../src/cli/commands.ts'
import { readCommand } from '../../src/config.ts'
import { HelpShown, UsageError } from '../../src/flags.ts'

const FILES: Readonly<Record<string, string>> = { 'world.json': '{"version":1}', 'broken.json': '{' }

function callOf (word: string, ...args: readonly string[]): unknown {
  const command = COMMANDS[word]
  if (command === undefined) throw new Error(`there is no ${word}`)
  return command.call(readCommand(word, command, args, ADMIN), (name) => FILES[name] ?? '')
}

const ALL = { limit: 1000 }
const ADMIN = { WARUNG_ADMIN_PASSWORD: 'secret' }
const calls: ReadonlyArray<readonly [line: string, method: string, path: string, rest?: { query?: object, body?: unknown }]> = [
  ['show order-101', 'GET', '/transactions/order-101'],
  ['show a/b', 'GET', '/transactions/a%2Fb'],
  ['list', 'GET', '/transactions', { query: ALL }],
  ['list --status pending --store indomaret', 'GET', '/transactions', { query: { status: 'pending', store: 'indomaret' } }],
  ['pay order-101', 'POST', '/transactions/order-101/pay', { body: {} }],
  ['pay order-101 --amount 44000', 'POST', '/transactions/order-101/pay', { body: { amount: '44000' } }],
  ['expire order-101', 'POST', '/transactions/order-101/expire'],
  ['reverse order-101', 'POST', '/transactions/order-101/reverse'],
  ['notify order-101', 'POST', '/transactions/order-101/notify', { body: {} }],
  ['notify order-101 --event expire --times 3 --delay 3s --tamper amount', 'POST', '/transactions/order-101/notify', { body: { event: 'expire', times: 3, delay: '3s', tamper: 'amount' } }],
  ['wait order-101 --status settlement --delivered --timeout 30s', 'GET', '/transactions/order-101/wait', { query: { status: 'settlement', delivered: true, timeout: '30s' } }],
  ['notifications', 'GET', '/notifications', { query: ALL }],
  ['notifications order-101', 'GET', '/notifications', { query: { ref: 'order-101' } }],
  ['advance 24h', 'POST', '/clock/advance', { body: { by: '24h' } }],
  ['freeze', 'POST', '/clock/freeze', { body: {} }],
  ['freeze 2026-11-22T20:00:00+07:00', 'POST', '/clock/freeze', { body: { at: '2026-11-22T20:00:00+07:00' } }],
  ['resume', 'POST', '/clock/resume'],
  ['clock', 'GET', '/clock'],
  ['reset', 'POST', '/reset'],
  ['export', 'GET', '/export'],
  ['import world.json', 'POST', '/import', { body: { version: 1 } }],
  ['settings', 'GET', '/settings'],
  ['settings retry_jitter=true receipt_name=Toko=Budi notification_urls=["http://a.test/"]', 'PUT', '/settings', { body: { retry_jitter: true, receipt_name: 'Toko=Budi', notification_urls: ['http://a.test/'] } }],
  ['merchants', 'GET', '/merchants'],
  ['merchants list', 'GET', '/merchants'],
  ['merchants create', 'POST', '/merchants', { body: {} }],
  ['merchants create G2', 'POST', '/merchants', { body: { merchant_id: 'G2' } }],
  ['merchants delete G2', 'DELETE', '/merchants/G2'],
  ['faults', 'GET', '/faults'],
  ['faults world.json', 'PUT', '/faults', { body: { version: 1 } }],
  ['faults none', 'DELETE', '/faults'],
  ['rules', 'GET', '/rules'],
  ['rules world.json', 'PUT', '/rules', { body: { version: 1 } }],
  ['rules none', 'DELETE', '/rules'],
  ['requests', 'GET', '/requests', { query: ALL }],
  ['requests none', 'DELETE', '/requests']
]

for (const [line, method, path, rest = {}] of calls) {
  test(`warung ${line} is ${method} ${path}`, async (t) => {
    const [word = '', ...args] = line.split(' ')
    t.match(callOf(word, ...args), { method, path, ...rest })
  })
}

test('every command is called above, and has an example that can be called', async (t) => {
  t.same(new Set(calls.map(([line]) => line.split(' ')[0])), new Set(Object.keys(COMMANDS)))
  for (const { example } of Object.values(COMMANDS)) {
    const [, word = '', ...args] = example.match(/"[^"]*"|\S+/g)?.map((each) => each.replaceAll('"', '')) ?? []
    const command = COMMANDS[word]
    t.ok(command)
    if (command !== undefined) readCommand(word, command, args, {})
  }
})

for (const [line, problem] of [
  ['show', /missing required argument/], ['show a b', /too many arguments/], ['pay a --colour red', /unknown option '--colour'/], ['advance', /missing required argument/],
  ['list --status', /argument missing/], ['clock now', /too many arguments/], ['show a --url nonsense', /--url must be an http or https URL/], ['show a --server-key admin', /--server-key cannot be used/],
  ['list --status paid', /^--status must be one of pending, settlement, expire, cancel, deny, not "paid"$/], ['list --store warung', /--store must be one of alfamart, indomaret/],
  ['pay a --amount abc', /^--amount must be whole rupiah such as 44000, not "abc"$/], ['pay a --amount 1.5', /--amount/], ['pay a --amount=', /--amount/], ['pay a --amount -1', /--amount/],
  ['notify a --times abc', /^--times must be a number from 1 to 100, not "abc"$/], ['notify a --times 0', /--times/], ['notify a --times 101', /--times/], ['notify a --times 1.5', /--times/],
  ['notify a --event paid', /--event/], ['notify a --tamper all', /--tamper must be one of signature, amount, status/], ['notify a --delay soon', /--delay must be a duration/],
  ['wait a --timeout soon', /--timeout must be a duration/], ['wait a --delivered=yes', /option|argument/]
] as const) {
  test(`warung ${line} is no usage`, async (t) => {
    const [word = '', ...args] = line.split(' ')
    t.throws(() => callOf(word, ...args), { message: problem })
    t.throws(() => callOf(word, ...args), UsageError)
  })
}

test('operands that cannot be are refused with what to say instead', async (t) => {
  t.throws(() => callOf('settings', 'receipt_name'), /"receipt_name" should be KEY=VALUE/)
  t.throws(() => callOf('merchants', 'delete'), /say list, create \[ID\] or delete ID/)
  t.throws(() => callOf('merchants', 'rename', 'G2'), /say list/)
  t.throws(() => callOf('merchants', 'list', 'G2'), /say list/)
  t.throws(() => callOf('requests', 'all'), /say nothing, or none/)
  t.throws(() => callOf('show', ''), /must not be empty/)
  t.throws(() => callOf('import', 'broken.json'), /broken\.json is not JSON/)
})

test('who asks, and where, comes from flags, else from the environment, else from the defaults', async (t) => {
  const command = COMMANDS.clock
  if (command === undefined) throw new Error('there is no clock')
  const loginOf = (args: string[], env: Record<string, string>) => readCommand('clock', command, args, env).login
  t.same(loginOf([], {}), { url: 'http://127.0.0.1:6262', username: 'SB-Mid-server-warung', password: '' })
  t.same(loginOf([], { WARUNG_PORT: '8080' }).url, 'http://127.0.0.1:8080')
  const env = { WARUNG_URL: 'http://warung:6262', WARUNG_SERVER_KEY: 'SB-Mid-server-x' }
  t.same(loginOf([], env), { url: 'http://warung:6262', username: 'SB-Mid-server-x', password: '' })
  t.same(loginOf(['--url', 'http://127.0.0.1:1', '--server-key', 'SB-Mid-server-y'], env), { url: 'http://127.0.0.1:1', username: 'SB-Mid-server-y', password: '' })
  t.throws(() => loginOf([], { WARUNG_PORT: 'abc' }), { message: /^WARUNG_PORT must be a port/ })
})

test('the admin password opens what is for admins alone, and nothing else: a world is that of its key', async (t) => {
  const loginOf = (word: string, env: Record<string, string>) => {
    const command = COMMANDS[word]
    if (command === undefined) throw new Error(`there is no ${word}`)
    return readCommand(word, command, [], env).login
  }
  t.match(loginOf('list', { ...ADMIN, WARUNG_SERVER_KEY: 'SB-Mid-server-x' }), { username: 'SB-Mid-server-x', password: '' })
  t.match(loginOf('merchants', { ...ADMIN, WARUNG_SERVER_KEY: 'SB-Mid-server-x' }), { username: 'admin', password: 'secret' })
  t.throws(() => loginOf('merchants', {}), { name: 'UsageError', message: /^--admin-password is needed, or WARUNG_ADMIN_PASSWORD/ })
})

/** What help prints; it must throw so. */
function helpOf (word: string): string {
  const command = COMMANDS[word]
  if (command === undefined) throw new Error(`there is no ${word}`)
  const { write } = process.stdout
  let shown = ''
  process.stdout.write = ((text: string) => {
    shown += text
    return true
  }) as typeof process.stdout.write
  try {
    readCommand(word, command, ['--help'], {})
  } catch (error) {
    if (!(error instanceof HelpShown)) throw error
  } finally {
    process.stdout.write = write
  }
  return shown
}

for (const [word, { example, about, flags = {} }] of Object.entries(COMMANDS)) {
  test(`help of ${word} has an example and its flags`, async (t) => {
    const help = helpOf(word).replace(/\s+/g, ' ')
    for (const part of [about, `Example: ${example}`, `Usage: warung ${word} [options]`, '--server-key <KEY>', ...Object.keys(flags).map((flag) => `--${flag}`)]) t.ok(help.includes(part), part)
  })
}
