import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

interface Teardown {
  teardown (end: () => void): void
}

/** An answer as it came over the wire; its body as Latin-1. */
export interface WireAnswer {
  readonly status: number
  readonly head: string
  readonly body: string
}

/** A connection to a port of 127.0.0.1 that is dropped at the end of the test. */
export async function openConnection (t: Teardown, port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** All that comes back until the server ends the connection. */
export async function answersOn (socket: Socket): Promise<readonly WireAnswer[]> {
  let text = ''
  socket.on('data', (chunk: Buffer) => { text += chunk.toString('latin1') })
  await new Promise<void>((resolve) => { socket.once('end', resolve).once('close', () => resolve()) })

  const answers: WireAnswer[] = []
  while (text !== '') {
    const [head = ''] = text.split('\r\n\r\n', 1)
    const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0)
    const from = head.length + 4
    answers.push({ status: Number(head.slice(9, 12)), head, body: text.slice(from, from + length) })
    text = text.slice(from + length)
  }
  return answers
}

/** Sends these bytes over a connection of their own; with `end` there will be no more. */
export async function sendOver (t: Teardown, port: number, bytes: string | Buffer, end = false): Promise<readonly WireAnswer[]> {
  const socket = await openConnection(t, port)
  socket.write(bytes)
  if (end) socket.end()
  return answersOn(socket)
}
