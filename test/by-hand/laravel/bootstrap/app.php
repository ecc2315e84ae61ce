<?php

// The least of a Laravel application, on Debian's php-laravel-framework, for the recipe in examples/connect/laravel/.
require_once '/usr/share/php/Illuminate/autoload.php';
require_once '/usr/share/php/GuzzleHttp/autoload.php';
spl_autoload_register(function (string $class): void {
    $file = dirname(__DIR__) . '/' . lcfirst(strtr($class, '\\', '/')) . '.php';
    if (is_file($file)) {
        require $file;
    }
});

$app = new Illuminate\Foundation\Application(dirname(__DIR__));
$app->singleton(Illuminate\Contracts\Http\Kernel::class, Illuminate\Foundation\Http\Kernel::class);
$app->singleton(Illuminate\Contracts\Console\Kernel::class, Illuminate\Foundation\Console\Kernel::class);
$app->singleton(Illuminate\Contracts\Debug\ExceptionHandler::class, Illuminate\Foundation\Exceptions\Handler::class);
$app->booted(fn () => Illuminate\Support\Facades\Route::prefix('api')->group(dirname(__DIR__) . '/routes/api.php'));
return $app;
