<?php

// A customer pays, and the shop learns of it. Copy this test, put your own shop in place of shop.php, and run it:
//   phpunit PayTest.php
// WARUNG_URL is where Warung is told what the customer does, NOTIFICATION_URL where it reaches port 8000 of this machine.
use PHPUnit\Framework\TestCase;

require_once __DIR__ . '/shop.php';

final class PayTest extends TestCase
{
    private string $log;
    /** @var resource */
    private $server;

    protected function setUp(): void
    {
        $this->log = tempnam(sys_get_temp_dir(), 'shop');
        $this->server = proc_open(
            [PHP_BINARY, '-S', '0.0.0.0:8000', __DIR__ . '/notification.php'],
            [2 => ['file', '/dev/null', 'w']],
            $pipes,
            null,
            ['SHOP_LOG' => $this->log] + getenv()
        );
        for ($tries = 0; $tries < 400 && !@fsockopen('127.0.0.1', 8000); $tries++) {
            usleep(50_000);
        }
        $this->warung('PUT', '/admin/settings', ['notification_urls' => [getenv('NOTIFICATION_URL') ?: 'http://127.0.0.1:8000/']]);
    }

    protected function tearDown(): void
    {
        proc_terminate($this->server);
        proc_close($this->server);
        unlink($this->log);
    }

    public function testACustomerPaysAtTheTillTheShopIsToldAndAForgeryIsRefused(): void
    {
        $orderId = uniqid('php-');
        $charged = charge($orderId, 44000);
        $this->assertSame('pending', $charged['transaction_status']);
        $this->assertMatchesRegularExpression('/^[A-Z0-9]+$/', $charged['payment_code']);
        $this->assertSame('pending', status_of($orderId)['transaction_status']);

        $this->warung('POST', "/admin/transactions/$orderId/pay?wait=attempted");
        $this->assertSame('settlement', status_of($orderId)['transaction_status']);
        $this->assertSame("$orderId pending\n$orderId settlement\n", file_get_contents($this->log));

        $sent = $this->warung('POST', "/admin/transactions/$orderId/notify?wait=attempted", ['tamper' => 'signature']);
        $this->assertSame(403, $sent['notifications'][0]['attempts'][0]['status']);
        $this->assertSame("$orderId pending\n$orderId settlement\n", file_get_contents($this->log));
    }

    private function warung(string $method, string $path, ?array $body = null): array
    {
        $curl = curl_init((getenv('WARUNG_URL') ?: 'http://127.0.0.1:6262') . $path);
        curl_setopt_array($curl, [
            CURLOPT_CUSTOMREQUEST => $method,
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_USERPWD => server_key() . ':',
        ] + ($body === null ? [] : [CURLOPT_HTTPHEADER => ['Content-Type: application/json'], CURLOPT_POSTFIELDS => json_encode($body)]));
        $reply = curl_exec($curl);
        $this->assertSame(200, curl_getinfo($curl, CURLINFO_RESPONSE_CODE), "$path: " . curl_error($curl) . $reply);
        return json_decode($reply, true);
    }
}
