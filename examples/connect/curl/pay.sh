#!/bin/sh
# A customer pays, step by step: charge, status, payment, status, and a signature checked by hand. Run: sh pay.sh
# WARUNG_URL is where Warung is told what the customer does.
set -eu

midtrans=${MIDTRANS_URL:-https://api.sandbox.midtrans.com}
warung=${WARUNG_URL:-http://127.0.0.1:6262}
key=${MIDTRANS_SERVER_KEY:-SB-Mid-server-warung}
order=curl-$(date +%s)-$$

ask () { curl --silent --show-error --fail --user "$key:" --header 'Content-Type: application/json' "$@"; }
field () { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
expect () { [ "$2" = "$3" ] || { echo "$1: $2, not $3" >&2; exit 1; }; echo "$1: $2"; }

charged=$(ask "$midtrans/v2/charge" --data '{
  "payment_type": "cstore",
  "transaction_details": {"order_id": "'"$order"'", "gross_amount": 44000},
  "cstore": {"store": "alfamart", "message": "Order in my shop"}
}')
expect charged "$(echo "$charged" | field transaction_status)" pending

ask --request POST "$warung/admin/transactions/$order/pay?wait=attempted" > /dev/null

paid=$(ask "$midtrans/v2/$order/status")
expect paid "$(echo "$paid" | field transaction_status)" settlement

# Notifications are signed in the same way: SHA-512 of order id, status code, amount and server key.
signed=$(printf %s "$order" "$(echo "$paid" | field status_code)" "$(echo "$paid" | field gross_amount)" "$key" | sha512sum | cut -d ' ' -f 1)
expect signature "$(echo "$paid" | field signature_key)" "$signed"
