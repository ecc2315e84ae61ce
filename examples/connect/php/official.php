<?php

// The official client as it stands, with nothing but its key: composer require midtrans/midtrans-php
require 'vendor/autoload.php';

Midtrans\Config::$serverKey = 'SB-Mid-server-warung';

function charge(string $orderId): object
{
    return Midtrans\CoreApi::charge([
        'payment_type' => 'cstore',
        'transaction_details' => ['order_id' => $orderId, 'gross_amount' => 44000],
        'cstore' => ['store' => 'alfamart', 'message' => 'Order in my shop'],
    ]);
}

function show(string $what, object $reply): void
{
    echo "$what: $reply->order_id is $reply->transaction_status, $reply->status_code\n";
}

[$first, $second] = [uniqid('official-php-1-'), uniqid('official-php-2-')];
show('charge', charge($first));
show('status', Midtrans\Transaction::status($first));
// The cancel answers with its status code alone.
echo 'cancel: ', Midtrans\Transaction::cancel($first), "\n";
show('charge', charge($second));
show('expire', Midtrans\Transaction::expire($second));
