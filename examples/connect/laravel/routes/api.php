<?php

use App\Midtrans;
use Illuminate\Http\Request;
use Illuminate\Support\Facades\Cache;
use Illuminate\Support\Facades\Route;

// The notification URL, http://…/api/notifications/midtrans: what is not genuine is refused and changes nothing.
Route::post('/notifications/midtrans', function (Request $request, Midtrans $midtrans) {
    $notification = $request->json()->all();
    abort_unless($midtrans->isGenuine($notification), 403);

    // Your shop keeps this in its database.
    Cache::forever("order {$notification['order_id']}", $notification['transaction_status']);
    return response()->noContent();
});
