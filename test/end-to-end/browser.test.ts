import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { Page } from 'playwright-core'
import tap, { test } from 'tap'
import type { Test } from 'tap'

import { basic, SERVER_KEY, testEmulator } from '../support/emulator.ts'
import type { TestEmulator } from '../support/emulator.ts'
import { startBrowser } from '../support/browser.ts'
import { charge, show } from '../support/storage-world.ts'

const browser = await startBrowser(['evil.example', 'rebound.example', 'shop.example', 'warung'])
tap.teardown(() => browser.close())

/** What a page has to help itself with. Each tool resolves with what could be read. */
const TOOLS = `
  const json = { 'content-type': 'application/json' }
  const json_text = (more) => JSON.stringify({ payment_code: code, amount: 44000, ...more })
  const add = (tag, members, parent = document.body) => parent.appendChild(Object.assign(document.createElement(tag), members))
  const ends = (thing, good = 'load') => new Promise((resolve) => { thing.addEventListener(good, () => resolve(true)); thing.addEventListener('error', () => resolve(false)) })
  const inside = (frame) => { try { return frame.contentDocument?.body.innerText ?? '' } catch { return '' } }
  const submit = async (action, enctype, fields) => {
    const frame = add('iframe', { name: 'frame' + Math.random() })
    const form = add('form', { action, enctype, method: 'POST', target: frame.name })
    for (const [name, value] of Object.entries(fields)) add('textarea', { name, value }, form)
    const loaded = ends(frame)
    form.submit()
    await loaded
    return inside(frame)
  }`

/** What a page tries at `target`, with the help of the server `evil`. It even knows a server key and a payment code. */
const ATTACKS: ReadonlyArray<readonly [name: string, script: string]> = [
  ['fetch of the settings with the key', 'return (await fetch(target + "/admin/settings", { headers: { authorization: key } })).text()'],
  ['fetch of the settings without', 'return (await fetch(target + "/admin/settings", { credentials: "include" })).text()'],
  ['fetch of the health', 'return (await fetch(target + "/readyz")).text()'],
  ['fetch that wants no answer', 'return (await fetch(target + "/admin/transactions", { mode: "no-cors", credentials: "include" })).text()'],
  ['XMLHttpRequest', 'const xhr = new XMLHttpRequest(); xhr.open("GET", target + "/admin/transactions"); xhr.withCredentials = true; xhr.setRequestHeader("authorization", key); const done = ends(xhr); xhr.send(); await done; return xhr.responseText'],
  ['paying by the admin API', 'return (await fetch(target + "/admin/transactions/order-101/pay", { method: "POST", headers: { authorization: key } })).text()'],
  ['paying by the admin API without an answer', 'return (await fetch(target + "/admin/transactions/order-101/pay", { method: "POST", mode: "no-cors", headers: { authorization: key } })).text()'],
  ['new settings', 'return (await fetch(target + "/admin/settings", { method: "PUT", headers: { ...json, authorization: key }, body: "{\\"receipt_name\\":\\"Evil\\"}" })).text()'],
  ['DELETE', 'return (await fetch(target + "/admin/merchants/G812785002", { method: "DELETE", headers: { authorization: key } })).text()'],
  ['paying at the till with JSON', 'return (await fetch(target + "/till/alfamart/payment", { method: "POST", headers: json, body: json_text() })).text()'],
  ['inquiring at the till with JSON', 'return (await fetch(target + "/till/alfamart/inquiry", { method: "POST", headers: json, body: json_text() })).text()'],
  ...['text/plain', 'text/plain; application/json', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=application/json', 'application/json'].map((type) => (
    [`paying at the till without an answer, as ${type}`, `return (await fetch(target + "/till/alfamart/payment", { method: "POST", mode: "no-cors", headers: { "content-type": "${type}" }, body: json_text() })).text()`] as const
  )),
  ['paying at the till with bytes of no type', 'return (await fetch(target + "/till/alfamart/payment", { method: "POST", mode: "no-cors", body: new Blob([json_text()]) })).text()'],
  ['paying at the till while the page goes', 'return (await fetch(target + "/till/alfamart/payment", { method: "POST", mode: "no-cors", keepalive: true, body: json_text() })).text()'],
  ['a beacon', 'navigator.sendBeacon(target + "/till/alfamart/payment", json_text()); navigator.sendBeacon(target + "/till/alfamart/payment", new Blob([json_text()], { type: "application/json" })); return ""'],
  ['a form whose text is JSON', 'const [start, end] = json_text({ pad: "=" }).split("="); return submit(target + "/till/alfamart/payment", "text/plain", { [start]: end })'],
  ['a form of fields', 'return submit(target + "/till/alfamart/payment", "application/x-www-form-urlencoded", { payment_code: code })'],
  ['a form in parts', 'return submit(target + "/till/alfamart/payment", "multipart/form-data", { payment_code: code })'],
  ['a form for the admin API', 'return submit(target + "/admin/transactions/order-101/pay", "text/plain", {})'],
  ['a form that is sent on', 'return submit(evil + "/redirect?" + encodeURIComponent(target + "/till/alfamart/payment"), "text/plain", { [json_text()]: "" })'],
  ['fetch that is sent on', 'return (await fetch(evil + "/redirect?" + encodeURIComponent(target + "/till/alfamart/payment"), { method: "POST", headers: json, body: json_text() })).text()'],
  ['an image', 'const image = new Image(); image.src = target + "/admin/settings"; return await ends(image) ? "shown" : ""'],
  ['a script', 'const script = document.createElement("script"); script.src = target + "/readyz"; const run = ends(script); document.body.append(script); return await run ? "run" : ""'],
  ['a style sheet', 'const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: target + "/admin/settings" }); const read = ends(link); document.head.append(link); return await read ? "read" : ""'],
  ['a frame', 'const frame = document.createElement("iframe"); frame.src = target + "/admin/transactions"; const shown = ends(frame); document.body.append(frame); await shown; return inside(frame)'],
  ['a window', 'const other = open(target + "/admin/transactions/order-101"); const text = await new Promise((resolve) => { const look = () => { try { if (other.location.href !== "about:blank" && other.document.readyState === "complete") resolve(other.document.body.innerText); else setTimeout(look, 20) } catch { resolve("") } }; look() }); other.close(); return text'],
  ['a stream of events', 'const source = new EventSource(target + "/admin/events", { withCredentials: true }); const opened = await ends(source, "open"); source.close(); return opened ? "opened" : ""'],
  ['a stream of what is no stream', 'const source = new EventSource(target + "/readyz"); const opened = await ends(source, "open"); source.close(); return opened ? "opened" : ""'],
  ['a WebSocket', 'return await ends(new WebSocket(target.replace("http", "ws") + "/admin/events"), "open") ? "opened" : ""'],
  ['a worker', 'const worker = new Worker(URL.createObjectURL(new Blob(["fetch(" + JSON.stringify(target + "/admin/settings") + ", { headers: { authorization: " + JSON.stringify(key) + " } }).then((r) => r.text()).then(postMessage, () => postMessage(\\"\\"))"]))); return new Promise((resolve) => { worker.onmessage = ({ data }) => resolve(data); worker.onerror = () => resolve("") })']
]

interface Seen {
  readonly what: string
  readonly status: number
}

interface World {
  readonly emulator: TestEmulator
  readonly port: number
  readonly code: string
  /** Every request that reached the emulator. */
  readonly seen: Seen[]
}

async function world (t: Test, flags: readonly string[] = []): Promise<World> {
  const emulator = await testEmulator(t, flags)
  const { payment_code: code } = await charge(emulator, 'order-101')
  const port = Number(new URL(await emulator.start()).port)
  const seen: Seen[] = []
  emulator.app.server.on('request', ({ method, url }, response) => {
    response.once('close', () => seen.push({ what: `${method} ${url}`, status: response.statusCode }))
  })
  return { emulator, port, code, seen }
}

/** An empty page of that origin. On the emulator's port nobody else can serve it: it came before the name was bound anew. */
async function pageAt (t: Test, origin: string): Promise<Page> {
  const context = await browser.newContext()
  t.teardown(() => context.close())
  const page = await context.newPage()
  await page.route(`${origin}/page`, (route) => route.fulfill({ contentType: 'text/html', body: '<title>A page</title>' }))
  await page.goto(`${origin}/page`)
  return page
}

/** What the page could read. */
async function attack (page: Page, script: string, target: string, code: string, evil: string): Promise<string> {
  const given = JSON.stringify({ target, key: basic(SERVER_KEY), code, evil })
  return page.evaluate<string>(`(async ({ target, key, code, evil }) => { ${TOOLS}; try { ${script} } catch { return '' } })(${given})`)
}

/** A web server that helps every page, and sends requests on where they tell it to. */
async function evilServer (t: Test): Promise<number> {
  const server = createServer(({ method, url = '/' }, response) => {
    const location = url.startsWith('/redirect?') ? decodeURIComponent(url.slice('/redirect?'.length)) : undefined
    const allow = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' }
    if (location === undefined || method === 'OPTIONS') response.writeHead(200, { ...allow, 'content-type': 'text/html' }).end('<title>A page</title>')
    else response.writeHead(307, { ...allow, location }).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

async function expectUntouched (t: Test, { emulator, seen }: World, ...served: string[]): Promise<void> {
  t.same(seen.filter(({ status }) => status < 400).map(({ what }) => what), served, 'no other request was served')
  t.equal((await show(emulator, 'order-101')).transaction_status, 'pending')
  t.equal((await emulator.ask('GET', '/admin/settings')).json().receipt_name, 'Warung')
  t.equal((await emulator.ask('GET', '/admin/transactions')).json().items.length, 1)
}

// Whose page it is, and by which name it calls the emulator.
const STRANGERS: ReadonlyArray<readonly [name: string, origin: (port: number, evil: number) => string, target: (port: number) => string, ...served: string[]]> = [
  ['another site', (_port, evil) => `http://evil.example:${evil}`, (port) => `http://127.0.0.1:${port}`],
  ['another site, by localhost', (_port, evil) => `http://evil.example:${evil}`, (port) => `http://localhost:${port}`],
  // Browsers send no Sec-Fetch-Site to such a name, and with a script no Origin: it is served to the page, which cannot run it.
  ['another site, by a name of the local network', (_port, evil) => `http://evil.example:${evil}`, (port) => `http://warung:${port}`, 'GET /readyz'],
  ['another port of this machine', (_port, evil) => `http://127.0.0.1:${evil}`, (port) => `http://127.0.0.1:${port}`],
  ['another name of this machine', (port) => `http://localhost:${port}`, (port) => `http://127.0.0.1:${port}`],
  ['a name that was bound to us anew', (port) => `http://rebound.example:${port}`, (port) => `http://rebound.example:${port}`]
]

for (const [name, originOf, targetOf, ...served] of STRANGERS) {
  test(`a page of ${name} reads nothing and changes nothing`, async (t) => {
    const it = await world(t)
    const evil = await evilServer(t)
    const page = await pageAt(t, originOf(it.port, evil))
    for (const [what, script] of ATTACKS) {
      const read = await attack(page, script, targetOf(it.port), it.code, `http://evil.example:${evil}`)
      t.match(read, /^$|^\{"code":"foreign_(host|origin)"/, what)
    }

    await expectUntouched(t, it, ...served)
    const arrived = it.seen.map(({ what, status }) => `${what} ${status}`)
    for (const refused of ['POST /till/alfamart/payment 403', 'POST /admin/transactions/order-101/pay 403', 'GET /admin/transactions 403']) t.equal(arrived.includes(refused), true, `it did arrive: ${refused}`)
  })
}

test('a page of an allowed host may do all of it, and still only as JSON', async (t) => {
  const it = await world(t, ['--allow-host', 'shop.example'])
  const origin = `http://shop.example:${it.port}`
  const page = await pageAt(t, origin)
  const does = (name: string): Promise<string> => attack(page, ATTACKS.find(([what]) => what === name)?.[1] ?? '', origin, it.code, '')

  t.match(JSON.parse(await does('fetch of the settings with the key')), { receipt_name: 'Warung' })
  t.match(JSON.parse(await does('fetch of the health')), { status: 'ok' })
  t.match(JSON.parse(await does('inquiring at the till with JSON')), { payment_code: it.code, payable: true })
  t.match(JSON.parse(await does('a form whose text is JSON')), { code: 'unsupported_media_type' })
  t.match(JSON.parse(await does('a form of fields')), { code: 'unsupported_media_type' })
  t.match(JSON.parse(await does('fetch of the settings without')), { code: 'unauthorized' })
  t.equal((await show(it.emulator, 'order-101')).transaction_status, 'pending')
  t.match(JSON.parse(await does('paying at the till with JSON')), { ok: true })
  t.match(JSON.parse(await does('new settings')), { receipt_name: 'Evil' })
  t.equal((await show(it.emulator, 'order-101')).transaction_status, 'settlement')
})

test('a page of another site does not pass for an allowed host', async (t) => {
  const it = await world(t, ['--allow-host', 'shop.example'])
  const evil = `http://evil.example:${await evilServer(t)}`
  const page = await pageAt(t, evil)
  for (const [what, script] of ATTACKS) t.equal(await attack(page, script, `http://shop.example:${it.port}`, it.code, evil), '', what)

  await expectUntouched(t, it, 'GET /readyz')
})

test('a page that opens an address with a key in it gets nobody logged in', async (t) => {
  const it = await world(t)
  const page = await pageAt(t, `http://evil.example:${await evilServer(t)}`)
  await page.goto(`http://${SERVER_KEY}:@127.0.0.1:${it.port}/admin/settings`)
  const shown = await page.evaluate<string>('document.body.innerText')

  t.match(JSON.parse(shown), { code: 'unauthorized' })
})
