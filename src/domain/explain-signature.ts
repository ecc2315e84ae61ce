import { createHash } from 'node:crypto'

import { DEFAULT_CLIENT_KEY, DEFAULT_SERVER_KEY } from './merchant.ts'
import type { Merchant } from './merchant.ts'
import { writeAmount } from './money.ts'
import { STATUS_CODES } from './notification.ts'
import { STATUSES } from './transaction.ts'
import type { Status, Transaction } from './transaction.ts'

export type SignatureProblem = 'none' | 'status_in_place_of_code' | 'amount_without_decimals' | 'wrong_key' | 'wrong_order' | 'other_event' | 'unknown'

/** What a signature that a merchant computed matches. `signedText` is what should be signed, the key unnamed. */
export interface SignatureVerdict {
  readonly problem: SignatureProblem
  /** The event whose signature it is, or should be. */
  readonly event: Status
  readonly message: string
  readonly signedText: string
}

/** One of the four texts that are signed, right or as it is often mistaken. */
interface Part {
  readonly text: string
  /** How the text is shown. */
  readonly shown: string
  /** undefined where it is right. */
  readonly wrong?: { readonly problem: SignatureProblem, readonly message: string, readonly event?: Status }
}

const HEX_512 = /^[0-9a-f]{128}$/
const OTHER_HASHES: Readonly<Record<number, string>> = { 32: 'MD5', 40: 'SHA-1', 56: 'SHA-224', 64: 'SHA-256', 96: 'SHA-384' }
/** The code of GET status where it is not that of the notification (docs/gateway.md, 5). */
const STATUS_BODY_CODES: Readonly<Partial<Record<Status, string>>> = { expire: '407', cancel: '200' }

const ORDERS = permutations([0, 1, 2, 3])

/** Tries the mistakes that are made most, alone before together (docs/gateway.md, 7.3). */
export function explainSignature (transaction: Transaction, merchant: Merchant, signatureKey: string): SignatureVerdict {
  const { status: event, orderId } = transaction
  const wanted = signatureKey.toLowerCase()
  const columns = [[{ text: orderId, shown: orderId }], codes(transaction), amounts(transaction), keys(merchant)]
  const signedText = columns.map(([right]) => right?.shown ?? '').join(' + ')

  if (!HEX_512.test(wanted)) {
    const hash = /^[0-9a-f]+$/.test(wanted) ? OTHER_HASHES[wanted.length] : undefined
    const guess = hash === undefined ? '' : `, as of ${hash}`
    return { problem: 'unknown', event, signedText, message: `A signature is a SHA-512 in hex, of 128 digits; this has ${wanted.length} characters${guess}.` }
  }

  const attempts = combinations(columns).sort((a, b) => mistakes(a) - mistakes(b))
  // Each mistake of the parts in the right order, then each other order of the right parts, then both together.
  const [sorted, ...shuffled] = ORDERS
  const found = find(attempts, sorted === undefined ? [] : [sorted], wanted) ?? find(attempts, shuffled, wanted)
  if (found === undefined) {
    return { problem: 'unknown', event, signedText, message: 'This is none of the mistakes that are known. Sign the texts exactly as the notification shows them, and see whether the order is the right one.' }
  }

  const wrongs = found.parts.flatMap(({ wrong }) => wrong ?? [])
  if (found.isShuffled) wrongs.push({ problem: 'wrong_order', message: 'the parts are in another order' })
  const [first] = wrongs
  const message = first === undefined
    ? `This is the signature of the ${event} notification.`
    : `Signed was ${found.shown}: ${wrongs.map(({ message }) => message).join('; ')}.`
  return { problem: first?.problem ?? 'none', event: first?.event ?? event, message, signedText }
}

function codes ({ status, history }: Transaction): readonly Part[] {
  const right = STATUS_CODES[status]
  const had = history.map((entry) => entry.status)
  const others = new Map<string, Part>()
  for (const event of [...new Set([...had.reverse(), ...STATUSES])]) {
    const body = STATUS_BODY_CODES[event]
    const rows: ReadonlyArray<readonly [code: string, message: string]> = [
      [STATUS_CODES[event], `${STATUS_CODES[event]} is the code of the ${event} notification, and the transaction is in ${status}`],
      ...body === undefined ? [] : [[body, `${body} is the code of ${event} in GET status, not in its notification`] as const]
    ]
    for (const [code, message] of event === status ? [...rows].reverse() : rows) {
      if (code !== right && !others.has(code)) others.set(code, { text: code, shown: code, wrong: { problem: 'other_event', event, message } })
    }
  }
  return [
    { text: right, shown: right },
    ...STATUSES.map((name): Part => ({
      text: name, shown: name, wrong: { problem: 'status_in_place_of_code', message: `transaction_status "${name}" stands where status_code "${STATUS_CODES[name]}" belongs`, event: name }
    })),
    ...others.values()
  ]
}

function amounts ({ grossAmount }: Transaction): readonly Part[] {
  const right = writeAmount(grossAmount)
  const wrong = { problem: 'amount_without_decimals', message: `the amount is signed with two decimals, "${right}"` } as const
  return [{ text: right, shown: right }, ...[`${grossAmount}`, `${grossAmount}.0`].map((text) => ({ text, shown: text, wrong }))]
}

function keys ({ serverKey, clientKey }: Merchant): readonly Part[] {
  const rows: ReadonlyArray<readonly [text: string, name: string]> = [
    [clientKey, 'client key'],
    [`${serverKey}\n`, 'server key and a line break'],
    [`${serverKey}\r\n`, 'server key and a line break'],
    [`${serverKey} `, 'server key and a blank'],
    [` ${serverKey}`, 'blank and the server key'],
    [`${serverKey}:`, 'server key and a colon'],
    ['', 'nothing'],
    [DEFAULT_SERVER_KEY, 'server key of the default merchant'],
    [DEFAULT_CLIENT_KEY, 'client key of the default merchant']
  ]
  return [
    { text: serverKey, shown: '<server key>' },
    ...rows.filter(([text]) => text !== serverKey).map(([text, name]): Part => ({ text, shown: `<${name}>`, wrong: { problem: 'wrong_key', message: `the key is wrong: ${name} in place of the server key` } }))
  ]
}

function find (attempts: ReadonlyArray<readonly Part[]>, orders: ReadonlyArray<readonly number[]>, wanted: string): { readonly parts: readonly Part[], readonly isShuffled: boolean, readonly shown: string } | undefined {
  for (const parts of attempts) {
    for (const order of orders) {
      const signed = order.flatMap((at) => parts[at] ?? [])
      const hash = createHash('sha512').update(signed.map(({ text }) => text).join('')).digest('hex')
      if (hash === wanted) return { parts, isShuffled: order.some((at, place) => at !== place), shown: signed.map(({ shown }) => shown).join(' + ') }
    }
  }
  return undefined
}

function mistakes (parts: readonly Part[]): number {
  return parts.filter(({ wrong }) => wrong !== undefined).length
}

function combinations (columns: ReadonlyArray<readonly Part[]>): Array<readonly Part[]> {
  return columns.reduce<Array<readonly Part[]>>((all, column) => all.flatMap((parts) => column.map((part) => [...parts, part])), [[]])
}

function permutations (items: readonly number[]): ReadonlyArray<readonly number[]> {
  return items.length === 0 ? [[]] : items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]))
}
