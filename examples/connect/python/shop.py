"""What a shop's backend has: it charges, asks how a payment stands, and takes notifications. Nothing here knows of Warung."""
import base64
import hashlib
import hmac
import json
import os
import urllib.request
from http.server import BaseHTTPRequestHandler

MIDTRANS_URL = os.environ.get('MIDTRANS_URL', 'https://api.sandbox.midtrans.com')
SERVER_KEY = os.environ.get('MIDTRANS_SERVER_KEY', 'SB-Mid-server-warung')


def charge(order_id, amount):
    return call('POST', '/v2/charge', {
        'payment_type': 'cstore',
        'transaction_details': {'order_id': order_id, 'gross_amount': amount},
        'cstore': {'store': 'alfamart', 'message': 'Order in my shop'},
    })


def status_of(order_id):
    return call('GET', f'/v2/{order_id}/status')


def is_genuine(notification):
    """SHA-512 of order id, status code, amount and server key, with the texts exactly as the notification shows them."""
    parts = [str(notification.get(name)) for name in ('order_id', 'status_code', 'gross_amount')]
    expected = hashlib.sha512(''.join([*parts, SERVER_KEY]).encode()).hexdigest()
    return hmac.compare_digest(expected.encode(), str(notification.get('signature_key')).encode())


class NotificationHandler(BaseHTTPRequestHandler):
    """The notification URL: what is not genuine is refused and changes nothing."""

    def on_notification(self, notification):
        raise NotImplementedError

    def do_POST(self):
        notification = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
        genuine = isinstance(notification, dict) and is_genuine(notification)
        if genuine:
            self.on_notification(notification)
        self.send_response(200 if genuine else 403)
        self.end_headers()

    def log_message(self, *_):
        pass


def call(method, path, body=None):
    request = urllib.request.Request(MIDTRANS_URL + path, method=method, data=None if body is None else json.dumps(body).encode(), headers={
        'Authorization': 'Basic ' + base64.b64encode(f'{SERVER_KEY}:'.encode()).decode(),
        'Content-Type': 'application/json',
        'Accept': 'application/json',
    })
    with urllib.request.urlopen(request) as response:
        return json.load(response)
