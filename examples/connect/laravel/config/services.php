<?php

// What goes into config/services.php.
return [
    'midtrans' => [
        'url' => env('MIDTRANS_URL', 'https://api.sandbox.midtrans.com'),
        'server_key' => env('MIDTRANS_SERVER_KEY', 'SB-Mid-server-warung'),
    ],
];
