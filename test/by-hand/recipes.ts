import type { Tool } from '../../src/cli/trust.ts'

/** How a recipe of docs/connect/ is run, and what it says. */
export interface Recipe {
  readonly name: string
  /** By which of the trust lines. */
  readonly tool: Tool
  readonly version: string
  /** Under examples/connect/. */
  readonly folder: string
  readonly test: string
  readonly passed: RegExp
  /** What it says of a certificate by an authority that it was not told to trust, */
  readonly stranger: RegExp
  /** and of one by ours for a name that ours may not vouch for. null where it takes it. */
  readonly forgery: RegExp | null
}

const OPENSSL = {
  stranger: /certificate.* unable to get local issuer certificate/i,
  forgery: /certificate.* permitted subtree violation/i
}
// Whatever else is on the path: Debian's own has Debian's requests.
export const PYTHON = '/usr/bin/python3 -B'

export const RECIPES: readonly Recipe[] = [
  {
    name: 'curl',
    tool: 'curl',
    version: 'curl --version',
    folder: 'curl',
    test: 'sh pay.sh',
    passed: /^paid: settlement\nsignature: [0-9a-f]{128}$/m,
    stranger: /SSL certificate problem: unable to get local issuer certificate/,
    forgery: /SSL certificate problem: permitted subtree violation/
  },
  {
    name: 'Node',
    tool: 'node',
    version: 'node --version',
    folder: 'node',
    test: 'node --test --test-reporter=spec pay.test.js',
    passed: /pass 1$/m,
    stranger: /unable to verify the first certificate/,
    forgery: /permitted subtree violation/
  },
  {
    name: 'PHP',
    tool: 'php',
    version: 'php --version',
    folder: 'php',
    test: 'phpunit --do-not-cache-result PayTest.php',
    passed: /^OK \(1 test, \d+ assertions\)$/m,
    ...OPENSSL
  },
  {
    name: 'Laravel',
    tool: 'php',
    version: 'dpkg-query --show php-laravel-framework',
    folder: 'laravel',
    test: 'phpunit --do-not-cache-result --bootstrap bootstrap/app.php tests/Feature/PayTest.php',
    passed: /^OK \(1 test, \d+ assertions\)$/m,
    ...OPENSSL
  },
  {
    name: 'Python',
    tool: 'python',
    version: `${PYTHON} --version`,
    folder: 'python',
    test: `${PYTHON} -m unittest test_pay.py`,
    passed: /^Ran 1 test in .*\n\nOK$/m,
    ...OPENSSL
  },
  {
    name: 'Ruby',
    tool: 'ruby',
    version: 'ruby --version',
    folder: 'ruby',
    test: 'ruby pay_test.rb',
    passed: /^1 runs, \d+ assertions, 0 failures, 0 errors, 0 skips$/m,
    stranger: /certificate verify failed \(unable to get local issuer certificate\)/,
    forgery: /certificate verify failed \(permitted subtree violation\)/
  },
  {
    name: 'Go',
    tool: 'go',
    version: 'go version',
    folder: 'go',
    test: 'go test -count=1',
    passed: /^ok\s+example\.test\/shop\b/m,
    stranger: /x509: certificate signed by unknown authority/,
    forgery: /x509: a root or intermediate certificate is not authorized to sign for this name.*/
  },
  {
    name: 'Java',
    tool: 'java',
    version: 'java -version',
    folder: 'java',
    test: 'javac -d "$TMPDIR/java" Shop.java PayTest.java && java -cp "$TMPDIR/java" PayTest',
    passed: /^passed$/m,
    stranger: /unable to find valid certification path to requested target/,
    forgery: null
  }
]
