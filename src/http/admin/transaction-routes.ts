import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'

import { readDelay } from '../../domain/duration.ts'
import { suchAs } from '../../domain/explanation.ts'
import type { Explanation } from '../../domain/explanation.ts'
import { Refusal } from '../../domain/refusal.ts'
import { expireTransaction } from '../../operations/expire-transaction.ts'
import { listTransactions } from '../../operations/list-transactions.ts'
import type { MoveTransactionDeps } from '../../operations/move-transaction.ts'
import { notifyAgain } from '../../operations/notify-again.ts'
import { payTransaction } from '../../operations/pay-transaction.ts'
import { reverseTransaction } from '../../operations/reverse-transaction.ts'
import { showTransaction } from '../../operations/show-transaction.ts'
import type { WaitForAttemptsDeps } from '../../operations/wait-for-attempts.ts'
import { waitForTransaction } from '../../operations/wait-for-transaction.ts'
import { adminAnswers } from '../answers.ts'
import { merchantOf } from '../authentication.ts'
import { answerChange, readTimeout } from './answer-change.ts'
import { Change, NotYet, page, Transaction, TransactionSummary } from './document-schemas.ts'
import { transactionDocument, transactionSummary } from './documents.ts'
import { limitOf } from './limit.ts'
import { AwaitedQuery, NoBody, NotifyBody, PayBody, Ref, TransactionsQuery, WaitQuery } from './schemas.ts'

export type TransactionDeps = MoveTransactionDeps & WaitForAttemptsDeps

/** A merchant's transactions: /admin/transactions. */
export const transactionRoutes: FastifyPluginAsyncTypebox<TransactionDeps> = async (app, deps) => {
  app.get('/transactions', {
    schema: {
      operationId: 'listTransactions',
      summary: 'Transactions, newest first',
      querystring: TransactionsQuery,
      response: adminAnswers({ 200: page(TransactionSummary) })
    }
  }, async (request) => {
    const { items, nextCursor } = await listTransactions(deps, merchantOf(request), { ...request.query, limit: limitOf(request.query) })
    return { items: items.map(transactionSummary), next_cursor: nextCursor }
  })

  app.get('/transactions/:ref', {
    schema: {
      operationId: 'showTransaction',
      summary: 'A transaction with its history and notifications',
      params: Ref,
      response: adminAnswers({ 200: Transaction }, 'transaction_unknown')
    }
  }, async (request) => {
    const { transaction, notifications } = await showTransaction(deps, merchantOf(request), request.params.ref)
    return transactionDocument(transaction, notifications)
  })

  app.get('/transactions/:ref/wait', {
    schema: {
      operationId: 'waitForTransaction',
      summary: 'Answers as soon as it holds',
      params: Ref,
      querystring: AwaitedQuery,
      response: adminAnswers({ 200: Transaction, 408: NotYet }, 'transaction_unknown')
    }
  }, async (request, reply) => {
    const { status, delivered, timeout } = request.query
    const { holds, shown } = await waitForTransaction(deps, merchantOf(request), request.params.ref, { status, delivered: delivered === 'true' }, readTimeout(timeout))
    const transaction = transactionDocument(shown.transaction, shown.notifications)
    if (holds) return transaction
    const message = `it is not so within ${timeout ?? '10s'} of real time; wait again, or ask for a longer timeout of at most 60s`
    return reply.code(408).send({ code: 'not_yet', message, explain: explainNotYet(message, request.query, shown.transaction.status), transaction })
  })

  app.post('/transactions/:ref/pay', {
    schema: {
      operationId: 'payTransaction',
      summary: 'Pays it as the till would',
      params: Ref,
      querystring: WaitQuery,
      body: PayBody,
      response: adminAnswers({ 200: Change }, 'transaction_unknown', 'already_paid', 'expired', 'cancelled', 'denied', 'amount_differs')
    }
  }, async (request) => {
    const amount = request.body?.amount
    return answerChange(deps, merchantOf(request), request.query, () =>
      payTransaction(deps, merchantOf(request), request.params.ref, amount === undefined ? undefined : Number(amount)))
  })

  app.post('/transactions/:ref/expire', {
    schema: {
      operationId: 'expireTransaction',
      summary: 'Lapses it now, as the clock would',
      params: Ref,
      querystring: WaitQuery,
      body: NoBody,
      response: adminAnswers({ 200: Change }, 'transaction_unknown', 'already_paid', 'expired', 'cancelled', 'denied')
    }
  }, async (request) =>
    answerChange(deps, merchantOf(request), request.query, () => expireTransaction(deps, merchantOf(request), request.params.ref, 'admin')))

  app.post('/transactions/:ref/reverse', {
    schema: {
      operationId: 'reverseTransaction',
      summary: 'Turns a settled payment into deny',
      params: Ref,
      querystring: WaitQuery,
      body: NoBody,
      response: adminAnswers({ 200: Change }, 'transaction_unknown', 'not_settled')
    }
  }, async (request) =>
    answerChange(deps, merchantOf(request), request.query, () => reverseTransaction(deps, merchantOf(request), request.params.ref)))

  app.post('/transactions/:ref/notify', {
    schema: {
      operationId: 'notifyAgain',
      summary: 'Tells of an event again, or spoiled on purpose',
      params: Ref,
      querystring: WaitQuery,
      body: NotifyBody,
      response: adminAnswers({ 200: Change }, 'transaction_unknown', 'event_not_had')
    }
  }, async (request) => {
    const { event, times = 1, delay = 0, tamper = null } = request.body ?? {}
    const delayMs = readDelay(delay)
    if (delayMs === undefined) throw new Refusal('invalid_request', 'delay must be a duration such as "500ms", "3s" or "10m", of at most 180d', { field: 'delay', seen: String(delay), expected: suchAs('a duration of at most 180d', '3s') })
    return answerChange(deps, merchantOf(request), request.query, () => notifyAgain(deps, merchantOf(request), request.params.ref, { event, times, delayMs, tamper }))
  })
}

/** What was waited for, and how it is. */
function explainNotYet (message: string, { status, delivered }: { readonly status?: string, readonly delivered?: string }, is: string): Explanation {
  const awaited = [...status === undefined ? [] : [`the status ${status}`], ...delivered === 'true' ? ['every notification delivered'] : []].join(' and ')
  return { rule: 'not_yet', field: status === undefined ? 'delivered' : 'status', seen: `a transaction in ${is}`, expected: awaited, message, reference: '8 Life of a transaction' }
}
