import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'

import { writeAmount } from '../../domain/money.ts'
import { receiptTexts } from '../../domain/receipt.ts'
import { STORE_NAMES } from '../../domain/stores.ts'
import type { Store } from '../../domain/stores.ts'
import { toWib } from '../../domain/wib.ts'
import type { MoveTransactionDeps } from '../../operations/move-transaction.ts'
import { inquireAtTill, payAtTill, reverseAtTill } from '../../operations/serve-till.ts'
import type { Bill } from '../../operations/serve-till.ts'
import { tillAnswers } from '../answers.ts'
import { answerError, ApiError } from '../api-error.ts'
import { takeJsonOnly } from '../json-bodies.ts'
import { Counter, Done, Inquiry, Slip } from './schemas.ts'

/** The counter of each store. No login: a payment code is all a cashier has. */
export const tillRoutes: FastifyPluginAsyncTypebox<MoveTransactionDeps> = async (app, deps) => {
  takeJsonOnly(app)
  app.setErrorHandler(answerError)

  app.post('/:store/inquiry', {
    schema: {
      operationId: 'inquireAtTill',
      summary: 'Looks a payment code up, paid or not',
      params: Counter,
      body: Slip,
      response: tillAnswers({ 200: Inquiry }, 'transaction_unknown')
    }
  }, async ({ params, body }) =>
    inquiryDocument(await inquireAtTill(deps, storeOf(params.store), body.payment_code)))

  app.post('/:store/payment', {
    schema: {
      operationId: 'payAtTill',
      summary: 'Takes the payment of a code',
      params: Counter,
      body: Slip,
      response: tillAnswers({ 200: Done }, 'transaction_unknown', 'already_paid', 'expired', 'cancelled', 'denied', 'amount_differs')
    }
  }, async ({ params, body }) =>
    doneDocument(await payAtTill(deps, storeOf(params.store), body.payment_code, body.amount === undefined ? undefined : Number(body.amount))))

  app.post('/:store/reversal', {
    schema: {
      operationId: 'reverseAtTill',
      summary: 'Gives the money of a paid code back, where the till of the store can do that',
      params: Counter,
      body: Slip,
      response: tillAnswers({ 200: Done }, 'transaction_unknown', 'no_reversal_at_till', 'not_settled')
    }
  }, async ({ params, body }) =>
    doneDocument(await reverseAtTill(deps, storeOf(params.store), body.payment_code)))
}

function storeOf (name: string): Store {
  const store = STORE_NAMES.find((store) => store === name)
  if (store === undefined) throw new ApiError('store_unknown', `there is no store "${name}"; there are: ${STORE_NAMES.join(', ')}`)
  return store
}

function inquiryDocument (bill: Bill): object {
  return { ...billMembers(bill), payable: bill.reason === null, reason: bill.reason }
}

function doneDocument (bill: Bill): object {
  const { status, settledAt, approvalCode } = bill.transaction
  return {
    ok: true,
    transaction_status: status,
    receipt: { ...billMembers(bill), settlement_time: settledAt === null ? null : toWib(settledAt), approval_code: approvalCode }
  }
}

function billMembers ({ transaction, merchant }: Bill): object {
  const { customerName, message, freeText } = receiptTexts(transaction.request, transaction.store)
  return {
    store: transaction.store,
    payment_code: transaction.paymentCode,
    merchant: merchant.settings.receiptName,
    order_id: transaction.orderId,
    gross_amount: writeAmount(transaction.grossAmount),
    customer_name: customerName,
    message,
    free_text: freeText,
    expiry_time: toWib(transaction.expiresAt)
  }
}
