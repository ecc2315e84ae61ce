<?php

// What a shop's backend has: it charges, asks how a payment stands, and knows a genuine notification. Nothing here knows of Warung.
const CHARGE = ['payment_type' => 'cstore', 'cstore' => ['store' => 'alfamart', 'message' => 'Order in my shop']];

function charge(string $orderId, int $amount): array
{
    return call('POST', '/v2/charge', CHARGE + ['transaction_details' => ['order_id' => $orderId, 'gross_amount' => $amount]]);
}

function status_of(string $orderId): array
{
    return call('GET', "/v2/$orderId/status");
}

/** SHA-512 of order id, status code, amount and server key, with the texts exactly as the notification shows them. */
function is_genuine(array $notification): bool
{
    $text = fn (string $name): string => (string) ($notification[$name] ?? '');
    $expected = hash('sha512', $text('order_id') . $text('status_code') . $text('gross_amount') . server_key());
    return hash_equals($expected, $text('signature_key'));
}

function server_key(): string
{
    return getenv('MIDTRANS_SERVER_KEY') ?: 'SB-Mid-server-warung';
}

function call(string $method, string $path, ?array $body = null): array
{
    $curl = curl_init((getenv('MIDTRANS_URL') ?: 'https://api.sandbox.midtrans.com') . $path);
    curl_setopt_array($curl, [
        CURLOPT_CUSTOMREQUEST => $method,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_USERPWD => server_key() . ':',
        CURLOPT_HTTPHEADER => ['Content-Type: application/json', 'Accept: application/json'],
    ] + ($body === null ? [] : [CURLOPT_POSTFIELDS => json_encode($body)]));
    $reply = curl_exec($curl);
    if ($reply === false) {
        throw new RuntimeException(curl_error($curl));
    }
    return json_decode($reply, true);
}
