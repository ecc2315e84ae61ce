import type { Readable } from 'node:stream'

import { errorCodes } from 'fastify'
import type { FastifyRequest } from 'fastify'

/** What a body may have at most (docs/gateway.md, 13). */
export const MAX_BYTES = 1_048_576
const FIRST_BYTES = 4_096

/**
 * Reads a body. Each piece is copied as it comes: kept until the end, a million chunks of one byte each
 * would hold a gigabyte.
 */
export function readBytes ({ headers }: FastifyRequest, payload: Readable, maxBytes = MAX_BYTES): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const announced = headers['content-length'] === undefined ? undefined : Number(headers['content-length'])
    if (announced !== undefined && announced > maxBytes) return reject(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE())

    let bytes = Buffer.alloc(FIRST_BYTES)
    let length = 0
    const take = (piece: Buffer): void => {
      const needed = length + piece.length
      if (needed > maxBytes) return end(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE())
      if (needed > bytes.length) bytes = Buffer.concat([bytes], Math.min(maxBytes, Math.max(needed, 2 * bytes.length)))
      bytes.set(piece, length)
      length = needed
    }
    const end = (error?: Error): void => {
      payload.off('data', take).off('end', end).off('error', end)
      if (error !== undefined) reject(Object.assign(error, { statusCode: (error as { statusCode?: number }).statusCode ?? 400 }))
      else if (announced !== undefined && announced !== length) reject(new errorCodes.FST_ERR_CTP_INVALID_CONTENT_LENGTH())
      else resolve(bytes.subarray(0, length))
    }
    payload.on('data', take).on('end', end).on('error', end)
  })
}
