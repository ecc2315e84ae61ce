<?php

namespace App;

use Illuminate\Support\Facades\Http;

/** What a shop asks of the gateway, and how it knows a genuine notification. Nothing here knows of Warung. */
class Midtrans
{
    public function charge(string $orderId, int $amount): array
    {
        return $this->call('POST', '/v2/charge', [
            'payment_type' => 'cstore',
            'transaction_details' => ['order_id' => $orderId, 'gross_amount' => $amount],
            'cstore' => ['store' => 'alfamart', 'message' => 'Order in my shop'],
        ]);
    }

    public function statusOf(string $orderId): array
    {
        return $this->call('GET', "/v2/$orderId/status");
    }

    /** SHA-512 of order id, status code, amount and server key, with the texts exactly as the notification shows them. */
    public function isGenuine(array $notification): bool
    {
        $text = fn (string $name): string => (string) ($notification[$name] ?? '');
        $expected = hash('sha512', $text('order_id') . $text('status_code') . $text('gross_amount') . config('services.midtrans.server_key'));
        return hash_equals($expected, $text('signature_key'));
    }

    private function call(string $method, string $path, array $body = []): array
    {
        return Http::withBasicAuth(config('services.midtrans.server_key'), '')
            ->acceptJson()
            ->send($method, config('services.midtrans.url') . $path, $body === [] ? [] : ['json' => $body])
            ->json();
    }
}
