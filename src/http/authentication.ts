import { createHash, timingSafeEqual } from 'node:crypto'

import basicAuth from '@fastify/basic-auth'
import type { FastifyInstance, FastifyRequest } from 'fastify'

import type { Merchant } from '../domain/merchant.ts'
import { Refusal } from '../domain/refusal.ts'
import { findMerchant, recogniseMerchant } from '../operations/recognise-merchant.ts'
import type { RecogniseMerchantDeps } from '../operations/recognise-merchant.ts'
import type { Clock } from '../ports.ts'
import { ApiError } from './api-error.ts'

export interface AuthenticationDeps extends RecogniseMerchantDeps {
  readonly clock: Clock
  /** null: there is no admin account. */
  readonly adminPassword: string | null
  readonly defaultMerchantId: string
}

declare module 'fastify' {
  interface FastifyRequest {
    merchant: Merchant | null
    isAdmin: boolean
  }
}

const ADMIN = 'admin'
const PAUSE_AFTER_WRONG_PASSWORD_MS = 500

/** Lets in who sends a server key as user name; `merchantOf` then says whose it is. */
export async function authenticateByKey (app: FastifyInstance, deps: AuthenticationDeps): Promise<void> {
  app.decorateRequest('merchant', null)
  await app.register(basicAuth, {
    authenticate: false,
    validate: async (username, _password, request) => {
      request.merchant = await recogniseMerchant(deps, username) ?? null
      if (request.merchant === null) throw new Error('unknown server key')
    }
  })
}

/** As `authenticateByKey`, and the admin account, which names the merchant it acts on by `X-Merchant-Id`. */
export async function authenticateByKeyOrPassword (app: FastifyInstance, deps: AuthenticationDeps): Promise<void> {
  let pause = Promise.resolve()

  app.decorateRequest('merchant', null)
  app.decorateRequest('isAdmin', false)
  await app.register(basicAuth, {
    authenticate: false,
    validate: async (username, password, request) => {
      if (username === ADMIN) {
        if (deps.adminPassword === null || !isSame(password, deps.adminPassword)) {
          // One after the other, so that guessing side by side gains nothing.
          pause = pause.then(() => deps.clock.wait(PAUSE_AFTER_WRONG_PASSWORD_MS))
          await pause
          throw new Error('wrong admin password')
        }
        request.isAdmin = true
        const merchantId = merchantIdOf(request) ?? deps.defaultMerchantId
        request.merchant = await findMerchant(deps, merchantId) ?? null
        if (request.merchant === null) throw new Refusal('merchant_unknown', `there is no merchant ${merchantId}; name another in X-Merchant-Id`, { field: 'x-merchant-id', seen: merchantId, expected: 'the id of a merchant, as GET /admin/merchants lists them, or no such header for the default one' })
      } else {
        request.merchant = await recogniseMerchant(deps, username) ?? null
        if (request.merchant === null) throw new Error('unknown server key')
      }
    }
  })
}

/** The merchant that this request was let in for. */
export function merchantOf ({ merchant }: FastifyRequest): Merchant {
  if (merchant === null) throw new Error('a route that serves a merchant needs authentication')
  return merchant
}

/** Lets only the admin account in, of those who have been recognised. */
export async function adminOnly ({ isAdmin }: FastifyRequest): Promise<void> {
  if (!isAdmin) throw new ApiError('admin_only', 'only the admin account may do this: log in as the user "admin" with the admin password')
}

function merchantIdOf ({ headers }: FastifyRequest): string | undefined {
  const header = headers['x-merchant-id']
  return typeof header === 'string' && header !== '' ? header : undefined
}

/** Takes the same time whatever differs. */
function isSame (a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b))
}

function digest (text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
