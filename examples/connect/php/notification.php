<?php

// The notification URL: what is not genuine is refused and changes nothing. Tried by: php -S 0.0.0.0:8000 notification.php
require __DIR__ . '/shop.php';

$notification = json_decode(file_get_contents('php://input'), true);
if (!is_array($notification) || !is_genuine($notification)) {
    http_response_code(403);
    exit;
}
// Your shop keeps this in its database.
file_put_contents(getenv('SHOP_LOG'), "{$notification['order_id']} {$notification['transaction_status']}\n", FILE_APPEND);
