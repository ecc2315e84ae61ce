"""The official client as it stands, with nothing but its key: pip install midtransclient"""
import time

import midtransclient

client = midtransclient.CoreApi(is_production=False, server_key='SB-Mid-server-warung', client_key='SB-Mid-client-warung')


def charge(order_id):
    return client.charge({
        'payment_type': 'cstore',
        'transaction_details': {'order_id': order_id, 'gross_amount': 44000},
        'cstore': {'store': 'alfamart', 'message': 'Order in my shop'},
    })


def show(what, reply):
    print(f"{what}: {reply['order_id']} is {reply['transaction_status']}, {reply['status_code']}")


first, second = (f'official-python-{n}-{time.time_ns()}' for n in (1, 2))
show('charge', charge(first))
show('status', client.transactions.status(first))
show('cancel', client.transactions.cancel(first))
show('charge', charge(second))
show('expire', client.transactions.expire(second))
