import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'

/** What Node's parser and clocks find wrong with a request, by error code; everything else is 400. */
const STATUSES: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431
}

/** Answers what is not even HTTP, or never ends, in the gateway's form: nobody can say which path it was meant for. */
export function answerClientError (newErrorId: () => string): (error: NodeJS.ErrnoException, socket: Socket) => void {
  return (error, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const status = STATUSES[error.code ?? ''] ?? 400
    const reason = STATUS_CODES[status] ?? ''
    const body = JSON.stringify({ status_code: String(status), status_message: reason, id: newErrorId() })
    socket.end([
      `HTTP/1.1 ${status} ${reason}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body
    ].join('\r\n'))
  }
}
