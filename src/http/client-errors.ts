import { STATUS_CODES } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** What Node's parser and clocks find wrong with a request, by error code; everything else is 400. */
const STATUSES: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431
}

/** So long may a client that was refused go on sending: closed at once, it could lose its answer. */
const LINGER_MS = 1_000

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

interface Connection {
  /** Requests not answered yet, in their order. */
  readonly unanswered: Set<Exchange>
  /** What came last; undefined once it is whole and answered. */
  latest: Exchange | undefined
  isRefused: boolean
}

/**
 * Which connection owes which answers: what is not even HTTP, or never ends, is refused after the answers before it,
 * and a server that closes waits for nobody else.
 */
export class Connections {
  readonly #newErrorId: () => string
  readonly #open = new Map<Duplex, Connection>()
  #isClosing = false

  constructor (newErrorId: () => string) {
    this.#newErrorId = newErrorId
  }

  watch (server: Server): void {
    server.on('connection', (socket) => this.#connectionOf(socket))
    server.prependListener('request', (request, response) => this.#owe({ request, response }))
    // An expectation that nobody can meet is refused like everything else that is wrong with the head of a request.
    server.on('checkExpectation', (request, response) => server.emit('request', request, response))
    server.on('connect', (_request, socket) => {
      socket.on('error', () => socket.destroy())
      this.#end(socket, 405)
    })
  }

  /** For the event `clientError`. Answers in the gateway's form: nobody can say which path it was meant for. */
  async refuse (error: NodeJS.ErrnoException, socket: Duplex): Promise<void> {
    const connection = this.#connectionOf(socket)
    if (connection.isRefused) return
    connection.isRefused = true

    const { latest, unanswered } = connection
    const faulty = latest?.request.complete === false ? latest : undefined
    const earlier = [...unanswered].filter((exchange) => exchange !== faulty || exchange.response.headersSent)
    await Promise.all(earlier.map(({ response }) => new Promise((resolve) => { response.once('close', resolve) })))

    if (faulty?.request.complete === true) return
    if (error.code === 'ECONNRESET' || !socket.writable || faulty?.response.headersSent === true) socket.destroy()
    else this.#end(socket, STATUSES[error.code ?? ''] ?? 400)
  }

  /** From now on a connection lasts only as long as it owes an answer. */
  close (): void {
    this.#isClosing = true
    for (const [socket, connection] of this.#open) if (!owesAnAnswer(connection)) socket.destroy()
  }

  #connectionOf (socket: Duplex): Connection {
    const known = this.#open.get(socket)
    if (known !== undefined) return known
    const connection: Connection = { unanswered: new Set(), latest: undefined, isRefused: false }
    this.#open.set(socket, connection)
    socket.once('close', () => this.#open.delete(socket))
    return connection
  }

  #owe (exchange: Exchange): void {
    const { socket } = exchange.request
    const connection = this.#connectionOf(socket)
    connection.latest = exchange
    connection.unanswered.add(exchange)
    exchange.response.once('close', () => {
      connection.unanswered.delete(exchange)
      if (connection.latest === exchange && exchange.request.complete) connection.latest = undefined
      if (this.#isClosing && !owesAnAnswer(connection)) socket.end(() => socket.destroy())
    })
  }

  #end (socket: Duplex, status: number): void {
    const body = JSON.stringify(refusalBody(status, this.#newErrorId()))
    socket.end([
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body
    ].join('\r\n'))
    // What times out could still become whole, and would then be taken although it was refused.
    if (status === 408) socket.once('finish', () => socket.destroy())
    else {
      const timer = setTimeout(() => socket.destroy(), LINGER_MS)
      timer.unref()
      socket.once('close', () => clearTimeout(timer))
    }
  }
}

/** The gateway's form of what it has no words of its own for. */
export function refusalBody (status: number, id: string): Record<string, string> {
  return { status_code: String(status), status_message: STATUS_CODES[status] ?? '', id }
}

/** Nobody waits for the rest of a request that is still coming in. */
function owesAnAnswer ({ unanswered }: Connection): boolean {
  return [...unanswered].some(({ request }) => request.complete)
}
