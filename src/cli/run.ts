import { askAdmin } from '../client/ask-admin.ts'
import type { ApiCall, Login } from '../client/ask-admin.ts'
import { SandboxError } from '../client/sandbox-error.ts'
import type { Command } from './commands.ts'

/** What a command came to: a text, or a refusal; `isUsage` where what was asked cannot be asked. */
export type Ended =
  | { readonly text: string }
  | { readonly refusal: string, readonly isUsage: boolean }

/** What the words and flags of a command are refused for; what a file holds is no usage. */
const USAGE: ReadonlySet<string> = new Set(['invalid_request', 'invalid_settings', 'invalid_merchant'])

/** Runs one command against a running emulator. */
export async function runCommand ({ show = pretty }: Pick<Command, 'show'>, login: Login, call: ApiCall, asJson: boolean): Promise<Ended> {
  try {
    const { document } = await askAdmin(login, call)
    if (asJson) return { text: JSON.stringify(document) }
    return { text: document === null ? 'done' : show(document) }
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error
    const { code, message, document } = error
    return { refusal: asJson ? JSON.stringify(document) : `warung: ${message} (${code})`, isUsage: USAGE.has(code) }
  }
}

function pretty (document: object): string {
  return JSON.stringify(document, null, 2)
}
