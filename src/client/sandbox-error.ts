/** The emulator said no. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError'
  /** The HTTP status. */
  readonly status: number
  /** Such as `transaction_unknown`. */
  readonly code: string
  /** All that was answered, such as `explain`. */
  readonly document: Readonly<Record<string, unknown>>

  constructor (status: number, document: Readonly<Record<string, unknown>>) {
    super(String(document.message ?? `HTTP ${status}`))
    this.status = status
    this.code = String(document.code ?? 'unexpected')
    this.document = document
  }
}
