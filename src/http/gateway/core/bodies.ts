import { textOf } from '../../../domain/charge-request.ts'
import type { Merchant } from '../../../domain/merchant.ts'
import { writeAmount } from '../../../domain/money.ts'
import { sign } from '../../../domain/signature.ts'
import { STORES } from '../../../domain/stores.ts'
import type { Store } from '../../../domain/stores.ts'
import type { Status, Transaction } from '../../../domain/transaction.ts'
import { toWib } from '../../../domain/wib.ts'

/** A body; its members are written in this order, those that are undefined left out. */
export type Body = Readonly<Record<string, unknown>>

/** The order of a charge reply differs from store to store (docs/gateway.md, 2.1 and 2.2). */
const CHARGE_ORDER: Record<Store, readonly string[]> = {
  alfamart: ['order_id', 'merchant_id', 'gross_amount', 'currency', 'payment_type', 'transaction_time', 'transaction_status', 'fraud_status', 'payment_code', 'store', 'expiry_time'],
  indomaret: ['order_id', 'gross_amount', 'currency', 'payment_type', 'transaction_time', 'transaction_status', 'merchant_id', 'payment_code', 'store', 'expiry_time']
}

/** The gateway's code in GET status: not that of the notification for expire and cancel (docs/gateway.md, 5). */
const STATUS_CODES: Record<Status, string> = { pending: '201', settlement: '200', expire: '407', cancel: '200', deny: '202' }

/** What a merchant's own call brought about: code and message of its success (docs/gateway.md, 6). */
const ACTION_SUCCESS = {
  cancel: ['200', 'Success, transaction is canceled'],
  expire: ['407', 'Success, transaction is expired']
} as const

export function chargeBody (transaction: Transaction): Body {
  const members = commonMembers(transaction)
  return {
    status_code: '201',
    status_message: 'Success, cstore transaction is successful',
    transaction_id: transaction.transactionId,
    ...Object.fromEntries(CHARGE_ORDER[transaction.store].map((name) => [name, members[name]]))
  }
}

export function statusBody (transaction: Transaction, { serverKey }: Merchant): Body {
  const { orderId, request, status } = transaction
  const members = commonMembers(transaction)
  const statusCode = STATUS_CODES[status]
  return {
    approval_code: transaction.approvalCode ?? undefined,
    payment_code: members.payment_code,
    store: members.store,
    transaction_time: members.transaction_time,
    custom_field1: textOf(request.custom_field1) || undefined,
    custom_field2: textOf(request.custom_field2) || undefined,
    custom_field3: textOf(request.custom_field3) || undefined,
    gross_amount: members.gross_amount,
    currency: members.currency,
    order_id: orderId,
    payment_type: members.payment_type,
    signature_key: sign({ orderId, statusCode, grossAmount: writeAmount(transaction.grossAmount), serverKey }),
    status_code: statusCode,
    transaction_id: transaction.transactionId,
    transaction_status: status,
    fraud_status: members.fraud_status,
    expiry_time: members.expiry_time,
    settlement_time: transaction.settledAt === null ? undefined : toWib(transaction.settledAt),
    status_message: 'Success, transaction is found',
    merchant_id: members.merchant_id,
    metadata: request.metadata ?? undefined
  }
}

export function actionBody (transaction: Transaction, action: keyof typeof ACTION_SUCCESS): Body {
  const members = commonMembers(transaction)
  const [statusCode, message] = ACTION_SUCCESS[action]
  return {
    status_code: statusCode,
    status_message: message,
    transaction_id: transaction.transactionId,
    order_id: members.order_id,
    merchant_id: members.merchant_id,
    gross_amount: members.gross_amount,
    currency: members.currency,
    payment_type: members.payment_type,
    transaction_time: members.transaction_time,
    transaction_status: members.transaction_status,
    fraud_status: members.fraud_status
  }
}

function commonMembers (transaction: Transaction): Body {
  return {
    order_id: transaction.orderId,
    merchant_id: transaction.merchantId,
    gross_amount: writeAmount(transaction.grossAmount),
    currency: 'IDR',
    payment_type: 'cstore',
    transaction_time: toWib(transaction.chargedAt),
    transaction_status: transaction.status,
    fraud_status: STORES[transaction.store].fraudStatus ?? undefined,
    payment_code: transaction.paymentCode,
    store: transaction.store,
    expiry_time: toWib(transaction.expiresAt)
  }
}
