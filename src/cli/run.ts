import { askAdmin } from '../client.ts'
import type { ApiCall, Login } from '../client.ts'
import type { Command } from './commands.ts'

/** What a command came to: a text, or a refusal; `isUsage` where what was asked cannot be asked. */
export type Ended =
  | { readonly text: string }
  | { readonly refusal: string, readonly isUsage: boolean }

/** Runs one command against a running emulator. */
export async function runCommand ({ show }: Command, login: Login, call: ApiCall, asJson: boolean): Promise<Ended> {
  const { status, document } = await ask(login, call)
  if (status >= 400) {
    const { code, message } = document ?? {}
    return { refusal: asJson ? JSON.stringify(document) : `${String(message)} (${String(code)})`, isUsage: status === 400 }
  }
  if (document === null) return { text: asJson ? 'null' : 'done' }
  return { text: asJson || show === undefined ? JSON.stringify(document, null, asJson ? 0 : 2) : show(document) }
}

async function ask (login: Login, call: ApiCall): ReturnType<typeof askAdmin> {
  try {
    return await askAdmin(login, call)
  } catch (error) {
    const { cause } = error as { readonly cause?: unknown }
    throw new Error(`${login.url} does not answer as Warung does (${cause instanceof Error ? cause.message : String(error)}); is it running?`)
  }
}
