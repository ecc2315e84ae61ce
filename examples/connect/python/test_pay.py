"""A customer pays, and the shop learns of it. Copy this test, put your own shop in place of shop.py, and run it:
  python3 -m unittest test_pay.py
WARUNG_URL is where Warung is told what the customer does, NOTIFICATION_URL where it reaches port 8000 of this machine."""
import base64
import json
import os
import threading
import time
import unittest
import urllib.request
from http.server import HTTPServer

import shop

WARUNG_URL = os.environ.get('WARUNG_URL', 'http://127.0.0.1:6262')
NOTIFICATION_URL = os.environ.get('NOTIFICATION_URL', 'http://127.0.0.1:8000/')


class PayTest(unittest.TestCase):
    def setUp(self):
        heard = self.heard = []

        class Handler(shop.NotificationHandler):
            def on_notification(self, notification):
                heard.append((notification['order_id'], notification['transaction_status']))

        server = HTTPServer(('', 8000), Handler)
        threading.Thread(target=server.serve_forever).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        warung('PUT', '/admin/settings', {'notification_urls': [NOTIFICATION_URL]})

    def test_a_customer_pays_at_the_till_the_shop_is_told_and_a_forgery_is_refused(self):
        order_id = f'python-{time.time_ns()}'
        charged = shop.charge(order_id, 44000)
        self.assertEqual('pending', charged['transaction_status'])
        self.assertRegex(charged['payment_code'], '^[A-Z0-9]+$')
        self.assertEqual('pending', shop.status_of(order_id)['transaction_status'])

        warung('POST', f'/admin/transactions/{order_id}/pay?wait=attempted')
        self.assertEqual('settlement', shop.status_of(order_id)['transaction_status'])
        self.assertEqual([(order_id, 'pending'), (order_id, 'settlement')], self.heard)

        sent = warung('POST', f'/admin/transactions/{order_id}/notify?wait=attempted', {'tamper': 'signature'})
        self.assertEqual(403, sent['notifications'][0]['attempts'][0]['status'])
        self.assertEqual(2, len(self.heard))


def warung(method, path, body=None):
    request = urllib.request.Request(WARUNG_URL + path, method=method, data=None if body is None else json.dumps(body).encode(), headers={
        'Authorization': 'Basic ' + base64.b64encode(f'{shop.SERVER_KEY}:'.encode()).decode(),
        'Content-Type': 'application/json',
    })
    with urllib.request.urlopen(request) as response:
        return json.load(response)


if __name__ == '__main__':
    unittest.main()
