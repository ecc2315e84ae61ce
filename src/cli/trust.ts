/** How one tool is told to trust a certificate authority, and to stop. The lines are for a POSIX shell. */
export interface Trust {
  /** What the line reaches, and what becomes of what was trusted before. */
  readonly about: string
  /** `path`: where the authority's certificate is, from the root on. */
  readonly trust: (path: string) => string
  readonly untrust: string
}

export type Tool = 'node' | 'python' | 'php' | 'ruby' | 'go' | 'java' | 'curl' | 'system'

// What takes more than a variable keeps it here, and nowhere else.
const PHP_FOLDER = '"$HOME/.warung-php"'
const JAVA_STORE = '"$HOME/.warung-cacerts"'
const SYSTEM_FILE = '/usr/local/share/ca-certificates/warung.crt'
const SYSTEM_JAVA = '/etc/ssl/certs/java/cacerts'

/** test/by-hand/connect.ts tries every line. */
export const TRUST: Readonly<Record<Tool, Trust>> = {
  node: {
    about: 'Node and what it starts, in this shell. It goes on to trust all others.',
    ...variables('NODE_EXTRA_CA_CERTS')
  },
  python: {
    about: 'Python and requests, in this shell. On Debian the standard library goes on to trust all others; requests trusts no other.',
    ...variables('SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE')
  },
  php: {
    about: 'PHP and what it starts, in this shell. On Debian curl goes on to trust all others; streams trust no other.',
    trust: (path) => [
      `mkdir -p ${PHP_FOLDER}`,
      `ln -sf ${quoted(path)} ${PHP_FOLDER}/ca.pem`,
      `printf '%s\\n' "curl.cainfo='$HOME/.warung-php/ca.pem'" "openssl.cafile='$HOME/.warung-php/ca.pem'" > ${PHP_FOLDER}/warung.ini`,
      'export PHP_INI_SCAN_DIR=":$HOME/.warung-php"'
    ].join(' && '),
    untrust: `unset PHP_INI_SCAN_DIR; rm -rf ${PHP_FOLDER}`
  },
  ruby: {
    about: 'Ruby, in this shell. On Debian it goes on to trust all others.',
    ...variables('SSL_CERT_FILE')
  },
  go: {
    about: 'Go programs on Linux, in this shell. On Debian they go on to trust all others.',
    ...variables('SSL_CERT_FILE')
  },
  java: {
    about: 'Java programs in this shell, by a copy of what the JDK trusts. They go on to trust all others.',
    trust: (path) => [
      `install -m 600 "$(java -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java.home = //p')/lib/security/cacerts" ${JAVA_STORE}`,
      `keytool -importcert -noprompt -alias warung -file ${quoted(path)} -keystore ${JAVA_STORE} -storepass changeit`,
      'export JAVA_TOOL_OPTIONS="-Djavax.net.ssl.trustStore=\'$HOME/.warung-cacerts\' -Djavax.net.ssl.trustStorePassword=changeit"'
    ].join(' && '),
    untrust: `unset JAVA_TOOL_OPTIONS; rm -f ${JAVA_STORE}`
  },
  curl: {
    about: 'The command curl, in this shell; for one call there is --cacert. On Debian it goes on to trust all others.',
    ...variables('CURL_CA_BUNDLE')
  },
  system: {
    about: 'As root on Debian and Ubuntu: all that asks the system, its own JDK among them. Node, requests from PyPI and other JDKs do not ask.',
    trust: (path) => `install -m 644 ${quoted(path)} ${SYSTEM_FILE} && update-ca-certificates`,
    // Without --fresh links stay behind, and what the JDK was given nobody takes back.
    untrust: `rm -f ${SYSTEM_FILE} && update-ca-certificates --fresh && { [ ! -e ${SYSTEM_JAVA} ] || keytool -delete -noprompt -keystore ${SYSTEM_JAVA} -storepass changeit -alias debian:warung.pem; }`
  }
}

function variables (...names: readonly string[]): Pick<Trust, 'trust' | 'untrust'> {
  return {
    trust: (path) => `export ${names.map((name) => `${name}=${quoted(path)}`).join(' ')}`,
    untrust: `unset ${names.join(' ')}`
  }
}

/** One word for the shell, whatever it holds. */
function quoted (text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
