// Answers of the admin API as a person reads them.

export type Document = Readonly<Record<string, unknown>>

export function lines (items: unknown, line: (item: Document) => string): string {
  const all = list(items)
  return all.length === 0 ? 'none' : all.map(line).join('\n')
}

export function summary (each: Document): string {
  return [each.order_id, each.transaction_status, each.gross_amount, each.store, each.payment_code, `until ${String(each.expiry_time)}`].join('  ')
}

export function transaction (each: Document): string {
  return [
    summary(each),
    ...list(each.history).map(({ wib, status, cause }) => `  ${String(wib)}  ${String(status)} by ${String(cause)}`),
    ...[each.fate ?? []].flat().map((fate) => coming(fate as Document)),
    ...list(each.notifications).map((item) => notification(item).replaceAll(/^/gm, '  '))
  ].join('\n')
}

export function change (each: Document): string {
  return transaction(each.transaction as Document)
}

export function notification (each: Document): string {
  return [
    `${String(each.id)}  ${String(each.order_id)} ${String(each.event)} to ${String(each.url)}: ${String(each.state)}`,
    ...list(each.attempts).map(({ wib, next }) => `  ${String(wib)}  ${String((next as Document).reason)}`)
  ].join('\n')
}

export function effects ({ to, effects }: Document): string {
  return [...list(effects).map(effect), `it is ${String(to)}`].join('\n')
}

export function clock (each: Document): string {
  const due = each.next_due as Document | null
  return `${String(each.wib)} WIB${each.frozen === true ? ', frozen' : ''}${due === null ? '' : `; next ${String(due.kind)} at ${String(due.at)}`}`
}

export function request (each: Document): string {
  return [
    `${String(each.wib)}  ${String(each.method)} ${String(each.path)}  ${String(each.status_code ?? each.status)}`,
    ...[each.explain ?? []].flat().map((one) => explanation(one as Document))
  ].join('\n')
}

export function merchant (each: Document): string {
  return [each.merchant_id, each.server_key, each.client_key].join('  ')
}

function list (value: unknown): readonly Document[] {
  return Array.isArray(value) ? value as Document[] : []
}

function coming ({ wib, kind }: Document): string {
  return `  ${String(wib)}  will be ${String(kind)} by itself`
}

function effect (each: Document): string {
  const start = `${String(each.wib)}  ${String(each.order_id)} ${String(each.kind)}`
  return each.kind === 'attempted' ? `${start} ${String(each.event)} to ${String(each.url)}: ${String((each.next as Document).reason)}` : start
}

function explanation (each: Document): string {
  return `  ${String(each.message)}; seen: ${JSON.stringify(each.seen)}; expected: ${String(each.expected)} (${String(each.reference)})`
}
