import { execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

import { test } from 'tap'

const ROOT = join(import.meta.dirname, '../..')
const README = readFileSync(join(ROOT, 'README.md'), 'utf8')

test('the two commands are the first code of README', async (t) => {
  t.same(codeBlocks(README).slice(0, 2), ['npm ci && npm start\n', 'npm ci && npm test\n'])
})

test('the first payment of README works as it stands, and its signatures are right', async (t) => {
  const receiver = run(t, ['examples/receiver.js'], { PORT: '0' })
  const receiverUrl = (await receiver.line(/^receiver ready on (\S+)/))[1] ?? ''
  const warung = run(t, ['dist/main.js', '--port', '0', '--data', ':memory:'], {})
  const url = (await warung.line(/^warung ready on (\S+)/))[1] ?? ''

  const [charges = '', moves = '', signature = ''] = codeBlocks(section('The first payment'))
    .filter((block) => !block.startsWith('node '))
    .map((block) => block.replaceAll('http://127.0.0.1:6262', url).replaceAll('http://127.0.0.1:8000', receiverUrl))

  t.match(await shell(charges), /"store":"alfamart".*"payment_code":"\d{12}","store":"indomaret"/s)
  await receiver.line(/^order-1 pending: signature right$/)
  await receiver.line(/^order-2 pending: signature right$/)

  t.match(await shell(moves), /"status_code":"200",.*"transaction_status":"settlement"/s)
  const [notification] = await receiver.line(/^\{"transaction_time":.*"transaction_status":"settlement".*\}$/)
  await receiver.line(/^order-1 settlement: signature right$/)
  await receiver.line(/^order-2 expire: signature right$/)

  const [checked] = (await shell(signature)).split(' ')
  t.equal((JSON.parse(notification) as Record<string, string>).signature_key, checked)
})

test('a day passes, and calls go wrong, by the commands of README', async (t) => {
  const warung = run(t, ['dist/main.js', '--port', '0', '--data', ':memory:'], {})
  const url = (await warung.line(/^warung ready on (\S+)/))[1] ?? ''
  const [time = '', faults = ''] = [...codeBlocks(section('Time in your hands')), ...codeBlocks(section('Bad days on demand'))]
    .map((block) => block.replaceAll('http://127.0.0.1:6262', url))

  t.match(await shell(time), /"next_due":null\}\{"from":".*","to":".*","effects":\[\]\}$/s)
  t.match(await shell(faults), /"items":\[\{"id":"fault-1",.*"copies":3\}\]/s)
})

test('a refusal is explained as README shows', async (t) => {
  const warung = run(t, ['dist/main.js', '--port', '0', '--data', ':memory:'], {})
  const url = (await warung.line(/^warung ready on (\S+)/))[1] ?? ''
  const [refused = ''] = codeBlocks(section('Why was it refused?')).map((block) => block.replaceAll('http://127.0.0.1:6262', url))
  const [shown = ''] = codeBlocks(section('Why was it refused?'), 'json')

  const [, journal = '{}'] = (await shell(refused, 'curl -sS -w "\\n"')).split('\n')
  t.same(JSON.parse(journal).items[0].explain, JSON.parse(shown))
})

test('the library does what README shows', async (t) => {
  const receiver = run(t, ['examples/receiver.js'], { PORT: '0' })
  const receiverUrl = (await receiver.line(/^receiver ready on (\S+)/))[1] ?? ''
  const [example = ''] = codeBlocks(section('Time in your hands'), 'js')
  const charge = `await fetch(sandbox.url + '/v2/charge', {
    method: 'POST',
    headers: { authorization: 'Basic ' + btoa(sandbox.serverKey + ':') },
    body: JSON.stringify({ payment_type: 'cstore', transaction_details: { order_id: 'order-1', gross_amount: 44000 }, cstore: { store: 'alfamart' } })
  })`
  const script = example
    .replace("'warung'", `'${pathToFileURL(join(ROOT, 'dist/index.js'))}'`)
    .replace('http://127.0.0.1:8000', receiverUrl)
    .replace(/^\/\/ … .*$/m, charge)

  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
  t.match(stdout, /event: 'settlement',/)
  t.match(stdout, /state: 'delivered'/)
  t.match(stdout, /\[\] G\d{9}\n$/)
})

function section (heading: string): string {
  return README.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
}

function codeBlocks (markdown: string, language = 'sh'): string[] {
  return [...markdown.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code)
}

async function shell (script: string, curl = 'curl -sS --fail'): Promise<string> {
  const { stdout } = await promisify(execFile)('sh', ['-e', '-c', script.replaceAll('curl ', `${curl} `)], { cwd: ROOT })
  return stdout
}

/** Runs a program of ours until the test ends. `line` resolves with the first line, past or to come, that matches. */
function run (t: { teardown (end: () => void): void }, args: readonly string[], env: Record<string, string>) {
  const child = spawn(process.execPath, args, { cwd: ROOT, env: { PATH: process.env.PATH ?? '', ...env }, stdio: ['ignore', 'pipe', 'ignore'] })
  t.teardown(() => child.kill())
  const lines: string[] = []
  const waiting = new Set<() => void>()
  createInterface(child.stdout).on('line', (line) => {
    lines.push(line)
    for (const look of waiting) look()
  })
  return {
    line: (pattern: RegExp): Promise<RegExpExecArray> => new Promise((resolve) => {
      const look = (): void => {
        const match = lines.map((line) => pattern.exec(line)).find((match) => match !== null)
        if (match !== undefined && match !== null) resolve(match)
      }
      waiting.add(look)
      look()
    })
  }
}
