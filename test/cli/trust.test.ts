import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { test } from 'tap'

import { TRUST } from '../../src/cli/trust.ts'
import type { Tool } from '../../src/cli/trust.ts'

// test/by-hand/connect.ts tries them on the tools themselves.
const ODD_PATHS = ['/plain/ca.pem', '/with a space/ca.pem', '/it\'s $HOME; "quoted" `id` \\ *\n/ca.pem', '/é/ca.pem']

const VARIABLES: ReadonlyArray<readonly [tool: Tool, names: readonly string[]]> = [
  ['node', ['NODE_EXTRA_CA_CERTS']],
  ['python', ['SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE']],
  ['ruby', ['SSL_CERT_FILE']],
  ['go', ['SSL_CERT_FILE']],
  ['curl', ['CURL_CA_BUNDLE']]
]

for (const [tool, names] of VARIABLES) {
  for (const path of ODD_PATHS) {
    test(`${tool} is told of ${JSON.stringify(path)}, and of nothing any more`, async (t) => {
      const { trust, untrust } = TRUST[tool]
      for (const name of names) {
        t.equal(shell(`${trust(path)}\nprintenv ${name}`), `${path}\n`)
        t.equal(shell(`${trust(path)}\n${untrust}\nprintenv ${name} || echo unset`), 'unset\n')
      }
    })
  }
}

test('PHP is told of an authority whose path holds anything, and of nothing any more', async (t) => {
  const home = t.testdir({})
  const path = join(home, 'it\'s "mine" $HOME.pem')
  writeFileSync(path, 'the certificate')
  const told = TRUST.php.trust(path)

  const ini = shell(`${told}\n${told}\necho "$PHP_INI_SCAN_DIR"\ncat "$HOME/.warung-php/warung.ini"`, home)
  t.equal(ini, `:${home}/.warung-php\ncurl.cainfo='${home}/.warung-php/ca.pem'\nopenssl.cafile='${home}/.warung-php/ca.pem'\n`)
  t.equal(readFileSync(join(home, '.warung-php/ca.pem'), 'utf8'), 'the certificate')
  t.equal(shell(`${told}\n${TRUST.php.untrust}\nprintenv PHP_INI_SCAN_DIR || ls -A "$HOME"`, home), 'it\'s "mine" $HOME.pem\n')
})

function shell (script: string, home = '/nowhere'): string {
  return execFileSync('sh', ['-e', '-c', script], { encoding: 'utf8', env: { PATH: process.env.PATH ?? '', HOME: home } })
}
