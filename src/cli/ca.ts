import { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'

import { get, reasonOf } from './get.ts'
import { TRUST } from './trust.ts'
import type { Tool } from './trust.ts'

const TOOLS = Object.keys(TRUST) as readonly Tool[]
const DEFAULT_FILE = 'warung-ca.pem'

/** The word `ca`, as help shows it. */
export const CA = {
  takes: '',
  about: 'Gives the certificate that TLS clients are to trust, and its fingerprint.',
  example: 'eval "$(warung ca --trust node)"',
  flags: {
    out: { takes: 'FILE', about: `where the certificate goes; standard output, or with --trust ${DEFAULT_FILE} unless given`, read: readFile },
    trust: { takes: 'TOOL', about: `prints the line by which one trusts it, and how to take that back: ${TOOLS.join(', ')}`, read: readTool }
  }
} as const

export interface CaOptions {
  readonly out: string | undefined
  readonly trust: Tool | undefined
}

/** What goes to standard output, and what a person should know beside it. */
export interface Shown {
  readonly text: string
  readonly note: string
}

/** Fetches the authority of a running emulator. Throws an Error where it has none, or does not answer. */
export async function showAuthority (url: string, { out, trust }: CaOptions, asJson: boolean): Promise<Shown> {
  const cert = await fetchAuthority(url)
  const fingerprint = `SHA-256 ${new X509Certificate(cert).fingerprint256}`
  const file = out ?? (trust === undefined ? undefined : DEFAULT_FILE)
  const path = file === undefined ? null : resolve(file)
  if (path !== null) writeFileSync(path, cert)
  const note = path === null ? fingerprint : `${path}: ${fingerprint}`

  const lines = trust === undefined || path === null ? null : { trust: TRUST[trust].trust(path), untrust: TRUST[trust].untrust }
  if (asJson) return { text: JSON.stringify({ cert, fingerprint, path, ...lines }), note: '' }
  if (lines === null || trust === undefined) return { text: path === null ? cert.trimEnd() : note, note: path === null ? note : '' }
  // Whatever a shell makes of all of it, it trusts.
  return { text: [`# ${TRUST[trust].about}`, lines.trust, '# To take it back:', `# ${lines.untrust}`].join('\n'), note }
}

async function fetchAuthority (url: string): Promise<string> {
  const { status, body } = await get(new URL('/ca.pem', url)).catch((error: unknown) => {
    throw new Error(`${url} does not answer (${reasonOf(error)}); is it running?`)
  })
  if (status !== 200) throw new Error(status === 404 ? `${url} has no certificate authority: start it with --tls-port, and without --tls-cert` : `${url} answered ${status}: ${body}`)
  return body
}

function readFile (value: string): string {
  if (value === '') throw new Error('must not be empty')
  return value
}

function readTool (value: string): Tool {
  const tool = TOOLS.find((name) => name === value)
  if (tool === undefined) throw new Error(`must be one of ${TOOLS.join(', ')}, not "${value}"`)
  return tool
}
