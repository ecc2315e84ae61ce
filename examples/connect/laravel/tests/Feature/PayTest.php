<?php

// A customer pays, and the shop learns of it. Copy this test, put your own shop in place of App\Midtrans, and run it:
//   php artisan test --filter PayTest
// WARUNG_URL is where Warung is told what the customer does.
namespace Tests\Feature;

use App\Midtrans;
use Illuminate\Support\Facades\Cache;
use Illuminate\Support\Facades\Http;
use Tests\TestCase;

class PayTest extends TestCase
{
    public function test_a_customer_pays_at_the_till_the_shop_is_told_and_a_forgery_is_refused(): void
    {
        $midtrans = app(Midtrans::class);
        // Where `php artisan serve` would listen. This test needs nobody there: it hands the notifications over itself.
        $this->warung('PUT', '/admin/settings', ['notification_urls' => ['http://127.0.0.1:8000/api/notifications/midtrans']]);

        $orderId = uniqid('laravel-');
        $charged = $midtrans->charge($orderId, 44000);
        $this->assertSame('pending', $charged['transaction_status']);
        $this->assertMatchesRegularExpression('/^[A-Z0-9]+$/', $charged['payment_code']);
        $this->assertSame('pending', $midtrans->statusOf($orderId)['transaction_status']);

        $paid = $this->warung('POST', "/admin/transactions/$orderId/pay");
        $this->assertSame('settlement', $midtrans->statusOf($orderId)['transaction_status']);
        $this->handOver($paid['notifications'][0]['id'])->assertNoContent();
        $this->assertSame('settlement', Cache::get("order $orderId"));

        Cache::flush();
        $forged = $this->warung('POST', "/admin/transactions/$orderId/notify", ['tamper' => 'signature']);
        $this->handOver($forged['notifications'][0]['id'])->assertForbidden();
        $this->assertNull(Cache::get("order $orderId"));
    }

    /** Gives a recorded notification to our route, byte for byte. */
    private function handOver(string $id)
    {
        $body = $this->warung('GET', "/admin/notifications/$id")['body'];
        return $this->call('POST', '/api/notifications/midtrans', [], [], [], ['CONTENT_TYPE' => 'application/json', 'HTTP_ACCEPT' => 'application/json'], $body);
    }

    private function warung(string $method, string $path, array $body = []): array
    {
        return Http::withBasicAuth(config('services.midtrans.server_key'), '')
            ->send($method, env('WARUNG_URL', 'http://127.0.0.1:6262') . $path, $body === [] ? [] : ['json' => $body])
            ->throw()
            ->json();
    }
}
