import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { test } from 'tap'

const GUARD = new URL('support/socket-guard.js', import.meta.url).href
const run = (code: string): Promise<string> => promisify(execFile)(process.execPath, [`--import=${GUARD}`, '--input-type=module', '--eval', code]).then(({ stdout }) => `done: ${stdout}`, (error: { stderr: string }) => error.stderr)

for (const [what, code, flaw] of [
  ['an address', "fetch('http://192.0.2.1/').catch(() => {})", /a test reaches for 192\.0\.2\.1/],
  ['an address of IPv6', "(await import('node:net')).connect({ host: '2001:db8::1', port: 80 }).on('error', () => {})", /a test reaches for 2001:db8::1/],
  ['an address on this network', "(await import('node:net')).connect(80, '10.0.0.1').on('error', () => {})", /a test reaches for 10\.0\.0\.1/],
  ['a name', "(await import('node:dns/promises')).lookup('api.sandbox.midtrans.com').catch(() => {})", /a test asks a name server for api\.sandbox\.midtrans\.com/],
  ['a name server', "(await import('node:dns/promises')).resolve4('shop.test').catch(() => {})", /a test uses dns\.resolve4/],
  ['anybody by UDP', "(await import('node:dgram')).createSocket('udp4')", /a test uses dgram\.createSocket/],
  ['a name, by a connection', "(await import('node:https')).get('https://api.sandbox.midtrans.com/').on('error', () => {})", /a test asks a name server for api\.sandbox\.midtrans\.com/]
] as const) {
  test(`a test that reaches for ${what} of another machine ends with an error, whatever it makes of it`, async (t) => {
    t.match(await run(code), flaw)
  })
}

test('a test may reach this machine, and ask for a name that stands for nobody', async (t) => {
  t.match(await run(`
    const { createServer } = await import('node:http')
    const server = createServer((_request, response) => response.end('here')).listen(0, 'localhost')
    await new Promise((resolve) => server.once('listening', resolve))
    console.log(await (await fetch('http://localhost:' + server.address().port)).text())
    server.close()
    await (await import('node:dns/promises')).lookup('shop.test').catch(({ code }) => console.log(code))
  `), /^done: here\nENOTFOUND\n$/)
})

test('every test file is loaded with the guard', async (t) => {
  t.match(process.execArgv.join(' '), 'socket-guard.js')
})
