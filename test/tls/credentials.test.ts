import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { connect as connectPlain } from 'node:net'
import { join } from 'node:path'
import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'

import { test } from 'tap'

import { freshKey } from '../../src/random.ts'
import { issueServer, makeAuthority, vouchesFor } from '../../src/tls/authority.ts'
import { openCredentials, readCredentials } from '../../src/tls/credentials.ts'
import type { Credentials } from '../../src/tls/credentials.ts'
import { createTwin } from '../../src/tls/twin.ts'

const NAMES = ['api.sandbox.midtrans.com', 'localhost', '127.0.0.1', '::1', 'warung']
const NOW = Date.now()
const DAY_MS = 86_400_000
const FILES = ['ca-key.pem', 'ca.pem', 'server-key.pem', 'server.pem']

function open (folder: string | null, names: readonly string[] = NAMES, now = NOW): Promise<Credentials> {
  return openCredentials({ now, newKey: freshKey }, names, folder)
}

const contents = (folder: string): unknown => Object.fromEntries(FILES.map((name) => [name, readFileSync(join(folder, name), 'utf8')]))

interface Teardown {
  teardown (end: () => Promise<void>): void
}

/** A server that says hello, and its port. */
async function serve (t: Teardown, credentials: Pick<Credentials, 'cert' | 'key'>): Promise<number> {
  const twin = createTwin(credentials, (socket) => socket.end('hello'))
  t.teardown(twin.close)
  return twin.listen(['127.0.0.1'], 0)
}

/** What a client that trusts only `ca` makes of it: what it read, or why it would not. */
async function ask (port: number, ca: string | undefined, servername: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, servername, ...ca === undefined ? {} : { ca } })
  let text = ''
  socket.setEncoding('utf8').on('data', (piece: string) => { text += piece })
  try {
    await Promise.race([once(socket, 'close'), once(socket, 'error').then(([error]) => { throw error })])
    return text
  } catch (error) {
    const { code = 'UNSPECIFIED', message } = error as NodeJS.ErrnoException
    return code === 'UNSPECIFIED' ? message : code
  } finally {
    socket.destroy()
  }
}

test('no two authorities have the same name, not even those of one moment', async (t) => {
  const [one, other] = await Promise.all([open(null), open(null)])
  const subjects = [one, other].map(({ authority }) => new X509Certificate(authority?.cert ?? '').subject)
  for (const subject of subjects) t.match(subject, /^O=Warung\nCN=Warung local CA \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ [0-9a-f]{8}$/)
  t.not(subjects[0], subjects[1])
})

test('a first start makes an authority and a certificate, which later starts use again', async (t) => {
  const folder = join(t.testdir(), 'new', 'tls')
  const first = await open(folder)
  t.same(readdirSync(folder).sort(), FILES)
  t.same(FILES.map((name) => statSync(join(folder, name)).mode & 0o777), [0o600, 0o644, 0o600, 0o644])
  t.match(first.authority, { path: join(folder, 'ca.pem'), isNewBecause: null, fingerprint: /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/ })

  const before = contents(folder)
  for (const days of [0, 30, 59]) t.same(await open(folder, NAMES, NOW + days * DAY_MS), first)
  t.same(contents(folder), before)
})

test('the certificate is for the names alone, and the authority may vouch for no others, for two years', async (t) => {
  const { cert, authority } = await open(null)
  const [server, ca] = [new X509Certificate(cert), new X509Certificate(authority?.cert ?? '')]
  t.equal(server.subjectAltName, 'DNS:api.sandbox.midtrans.com, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:warung')
  t.ok(server.checkIssued(ca) && server.verify(ca.publicKey))
  t.notOk(server.ca)
  t.ok(ca.ca)
  t.equal(Math.round((Date.parse(ca.validTo) - NOW) / DAY_MS), 730)
  t.equal(authority?.path, null)
  t.ok(vouchesFor(authority?.cert ?? '', NAMES))
  for (const others of [NAMES.slice(1), [...NAMES, 'shop.test'], []]) t.notOk(vouchesFor(authority?.cert ?? '', others))
})

test('near its end the certificate is made anew, by the same authority', async (t) => {
  const folder = t.testdir()
  const first = await open(folder)
  const later = await open(folder, NAMES, NOW + 61 * DAY_MS)
  t.same(later.authority, first.authority)
  t.not(later.cert, first.cert)
  t.same(await open(folder, NAMES, NOW + 61 * DAY_MS), later)
})

const changes: Array<[what: string, change: (folder: string) => void, names: readonly string[], days: number, reason: RegExp]> = [
  ['one more name', () => {}, [...NAMES, 'shop.test'], 0, /^the names were changed$/],
  ['one name less', () => {}, NAMES.slice(0, -1), 0, /^the names were changed$/],
  ['two years', () => {}, NAMES, 701, /^it was near its end$/],
  ['its key lost', (folder) => rmSync(join(folder, 'ca-key.pem')), NAMES, 0, /^its key was gone$/],
  ['the key of another', (folder) => writeFileSync(join(folder, 'ca-key.pem'), readFileSync(join(folder, 'server-key.pem'))), NAMES, 0, /^its key was another's$/],
  ['no key in its file', (folder) => writeFileSync(join(folder, 'ca-key.pem'), 'x'), NAMES, 0, /^its key was another's$/]
]

for (const [what, change, names, days, reason] of changes) {
  test(`after ${what} there is another authority, and why is told`, async (t) => {
    const folder = t.testdir()
    const first = await open(folder)
    change(folder)
    const second = await open(folder, names, NOW + days * DAY_MS)
    t.match(second.authority?.isNewBecause, reason)
    t.not(second.authority?.fingerprint, first.authority?.fingerprint)
    t.equal(await ask(await serve(t, second), second.authority?.cert, 'localhost'), days === 0 ? 'hello' : 'CERT_NOT_YET_VALID')
    const third = await open(folder, names, NOW + days * DAY_MS)
    t.same(third, { ...second, authority: { ...second.authority, isNewBecause: null } })
  })
}

for (const [what, change] of [
  ['lost', (folder) => rmSync(join(folder, 'server.pem'))],
  ['without its key', (folder) => rmSync(join(folder, 'server-key.pem'))],
  ['none at all', (folder) => writeFileSync(join(folder, 'server.pem'), 'x')],
  ['that of the authority', (folder) => writeFileSync(join(folder, 'server.pem'), readFileSync(join(folder, 'ca.pem')))]
] as Array<[string, (folder: string) => void]>) {
  test(`a server's certificate that is ${what} is made anew by the same authority`, async (t) => {
    const folder = t.testdir()
    const first = await open(folder)
    change(folder)
    const second = await open(folder)
    t.same(second.authority, first.authority)
    t.equal(await ask(await serve(t, second), first.authority?.cert, 'localhost'), 'hello')
  })
}

test('who trusts the authority is served by each name, who does not is not', async (t) => {
  const { authority, ...pair } = await open(null)
  const port = await serve(t, pair)
  for (const name of ['api.sandbox.midtrans.com', 'localhost', 'warung']) t.equal(await ask(port, authority?.cert, name), 'hello')
  t.equal(await ask(port, authority?.cert, 'example.com'), 'ERR_TLS_CERT_ALTNAME_INVALID')
  t.equal(await ask(port, undefined, 'localhost'), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')
  t.equal(await ask(port, (await open(null)).authority?.cert, 'localhost'), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')
})

test('a certificate for another name by the same authority is trusted by nobody', async (t) => {
  const authority = await makeAuthority(NAMES, NOW, freshKey)
  for (const name of ['example.com', 'midtrans.com', 'api.midtrans.com', '10.0.0.1']) {
    const forged = await issueServer(authority, [name], NOW, freshKey)
    t.equal(await ask(await serve(t, forged), authority.cert, name === '10.0.0.1' ? 'localhost' : name), 'permitted subtree violation', name)
  }
})

test('a certificate that is given is used as it is; one that does not fit its key is refused', async (t) => {
  const folder = t.testdir()
  const { cert, key } = await open(folder)
  const path = (name: string): string => join(folder, name)
  t.same(await readCredentials(path('server.pem'), path('server-key.pem')), { cert, key, names: ['api.sandbox.midtrans.com', 'localhost', '127.0.0.1', '::1', 'warung'], authority: null })
  await t.rejects(readCredentials(path('server.pem'), path('ca-key.pem')), { message: `the key does not belong to ${path('server.pem')}` })
  await t.rejects(readCredentials(path('none.pem'), path('server-key.pem')), { code: 'ENOENT' })
  await t.rejects(readCredentials(path('ca-key.pem'), path('server-key.pem')))
})

test('a folder that takes nothing is an error, and leaves nothing behind', async (t) => {
  const folder = t.testdir({ file: 'text' })
  await t.rejects(open(join(folder, 'file', 'tls')), { code: /ENOTDIR|EEXIST/ })
  t.same(readdirSync(folder), ['file'])
})

test('a twin that closes ends handshakes, and leaves what it gave away to who took it', async (t) => {
  const taken: TLSSocket[] = []
  const twin = createTwin(await open(null), (socket) => { taken.push(socket) })
  const port = await twin.listen(['127.0.0.1'], 0)
  const secure = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }).on('error', () => {})
  await once(secure, 'secureConnect')
  const plain = connectPlain(port, '127.0.0.1').on('error', () => {})
  await once(plain, 'connect')
  const [first] = taken
  t.ok(first)

  const closed = twin.close()
  await once(plain, 'close')
  first?.end('late')
  const [piece] = await once(secure, 'data') as [Buffer]
  t.equal(piece.toString(), 'late')
  secure.destroy()
  await closed
})

test('many starts at once on one folder have one authority, whose key is its own', async (t) => {
  const folder = join(t.testdir(), 'shared')
  const all = await Promise.all(Array.from({ length: 8 }, () => open(folder)))
  t.equal(new Set(all.map(({ authority }) => authority?.fingerprint)).size, 1)
  t.same(readdirSync(folder).sort(), FILES)
  for (const credentials of [...all, await open(folder)]) t.equal(await ask(await serve(t, credentials), all[0]?.authority?.cert, 'localhost'), 'hello')
})

test('a lock that a crash left behind holds nobody up for long', async (t) => {
  const folder = t.testdir({ 'ca.lock': '' })
  utimesSync(join(folder, 'ca.lock'), new Date(NOW - 60_000), new Date(NOW - 60_000))
  t.equal((await open(folder)).authority?.isNewBecause, null)
  t.same(readdirSync(folder).sort(), FILES)
})

for (const [what, cert] of [['of somebody else', async () => (await foreignAuthority()).cert], ['that is none', async () => 'x']] as const) {
  test(`an authority ${what} is left as it is, and stops the start`, async (t) => {
    const folder = t.testdir({ 'ca.pem': await cert(), 'ca-key.pem': 'theirs' })
    const before = readFileSync(join(folder, 'ca.pem'), 'utf8')
    await t.rejects(open(folder), { message: 'ca.pem there was not made by Warung' })
    t.equal(readFileSync(join(folder, 'ca.pem'), 'utf8'), before)
    t.equal(readFileSync(join(folder, 'ca-key.pem'), 'utf8'), 'theirs')
    t.same(readdirSync(folder).sort(), ['ca-key.pem', 'ca.pem'])
  })
}

test('the same names in another order or spelling are the same names', async (t) => {
  const folder = t.testdir()
  const first = await open(folder)
  for (const names of [[...NAMES].reverse(), [...NAMES, '0:0:0:0:0:0:0:1'], [...NAMES, 'warung']]) t.same((await open(folder, names)).authority, first.authority)
})

test('an address of IPv6 is vouched for as it is, however it is spelled', async (t) => {
  const { cert } = await open(null, ['localhost', '::ffff:1.2.3.4'])
  t.equal(new X509Certificate(cert).subjectAltName, 'DNS:localhost, IP Address:0:0:0:0:0:FFFF:102:304')
})

test('a key that was opened to others is closed again', async (t) => {
  const folder = t.testdir()
  await open(folder)
  for (const name of ['ca-key.pem', 'server-key.pem']) chmodSync(join(folder, name), 0o644)
  await open(folder)
  for (const name of ['ca-key.pem', 'server-key.pem']) t.equal(statSync(join(folder, name)).mode & 0o777, 0o600)
})

/** A certificate that somebody else made. */
async function foreignAuthority (): Promise<{ cert: string }> {
  const { cert } = await makeAuthority(NAMES, NOW, freshKey)
  const theirs = Buffer.from(cert.replace(/-----[^-]+-----|\s/g, ''), 'base64').toString('latin1').replaceAll('Warung', 'Others')
  return { cert: `-----BEGIN CERTIFICATE-----\n${Buffer.from(theirs, 'latin1').toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n` }
}
