/**
 * What the authority and the server's certificate are, and what strict verifiers make of them: `npx tsx
 * test/by-hand/certificates.ts`. Linux, for whoever may use user namespaces, with iproute2 and openssl.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { freshKey } from '../../src/random.ts'
import { issueServer } from '../../src/tls/authority.ts'
import { ALONE, GATEWAY, openGateway, PRODUCTION } from './gateway-name.ts'
import type { Gateway } from './gateway-name.ts'
import { ranUnder, step } from './steps.ts'

const VERIFY = 'openssl verify -x509_strict -purpose sslserver -CAfile ca.pem'

if (!ranUnder(ALONE, import.meta.filename)) {
  const gateway = await openGateway()
  try {
    for (const name of readdirSync(gateway.certificates).filter((name) => name.endsWith('.pem'))) {
      const mode = (statSync(join(gateway.certificates, name)).mode & 0o777).toString(8)
      step(name, `mode ${mode}`, mode === (name.includes('key') ? '600' : '644'))
    }
    await show(gateway, 'openssl x509 -in ca.pem -noout -text', [
      /Public Key Algorithm: id-ecPublicKey\n\s+Public-Key: \(256 bit\)/,
      /Basic Constraints: critical\n\s+CA:TRUE, pathlen:0/,
      /Key Usage: critical\n\s+Certificate Sign, CRL Sign\n/,
      /Name Constraints: critical\n\s+Permitted:\n\s+DNS:api\.sandbox\.midtrans\.com\n\s+DNS:app\.sandbox\.midtrans\.com\n\s+DNS:localhost\n\s+IP:127\.0\.0\.1\/255\.255\.255\.255\n\s+IP:0:0:0:0:0:0:0:1\/FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF\n/
    ])
    await show(gateway, 'openssl x509 -in server.pem -noout -text', [
      /Basic Constraints: critical\n\s+CA:FALSE/,
      /Key Usage: critical\n\s+Digital Signature\n/,
      /Extended Key Usage: \n\s+TLS Web Server Authentication\n/,
      /Subject Alternative Name: \n\s+DNS:api\.sandbox\.midtrans\.com, DNS:app\.sandbox\.midtrans\.com, DNS:localhost, IP Address:127\.0\.0\.1, IP Address:0:0:0:0:0:0:0:1\n/
    ])
    await show(gateway, `${VERIFY} -verify_hostname ${GATEWAY} server.pem`, [/^server\.pem: OK$/m])
    await show(gateway, `${VERIFY} -verify_ip ::1 server.pem`, [/^server\.pem: OK$/m])
    await show(gateway, `echo | openssl s_client -connect ${GATEWAY}:443 -x509_strict -verify_hostname ${GATEWAY} -verify_return_error -CAfile ca.pem`, [/Verify return code: 0 \(ok\)/])
    await showForgeries(gateway)
  } finally {
    await gateway.close()
  }
}

/** What whoever has the authority's key could issue for other names and addresses. */
async function showForgeries (gateway: Gateway): Promise<void> {
  const authority = { cert: readFileSync(join(gateway.certificates, 'ca.pem'), 'utf8'), key: readFileSync(join(gateway.certificates, 'ca-key.pem'), 'utf8') }
  for (const name of [PRODUCTION, `x.${PRODUCTION}`, '127.0.0.2', '2001:db8::1']) {
    const { cert } = await issueServer(authority, [name], Date.now(), freshKey)
    writeFileSync(join(gateway.certificates, 'forged.pem'), cert)
    await show(gateway, `${VERIFY} forged.pem`, [/^error 47 at 0 depth lookup: permitted subtree violation$/m], `forged for ${name}: `)
  }
}

async function show (gateway: Gateway, command: string, wanted: readonly RegExp[], what = ''): Promise<void> {
  const { said } = await gateway.run(command, { cwd: gateway.certificates })
  const missing = wanted.find((pattern) => !pattern.test(said))
  step(`${what}${command}`, missing === undefined ? wanted.map((pattern) => pattern.exec(said)?.[0].replace(/\s+/g, ' ').trim()).join(' | ') : `${missing} is not in ${said}`, missing === undefined)
}
