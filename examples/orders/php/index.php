<?php
// An order form in PHP whose users see who else edits, what others have saved, and when maintenance begins.
declare(strict_types=1);
require_once __DIR__ . '/../../../backends/php/Tidings.php';

const USERS = ['ann' => 'Ann Miller', 'ben' => 'Ben Okafor']; // your application has its own
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$request = "{$_SERVER['REQUEST_METHOD']} $path";
$files = ['GET /order.css' => 'css', 'GET /order.js' => 'javascript', 'GET /loader.js' => 'javascript'];
if (isset($files[$request])) {
    header("Content-Type: text/$files[$request]");
    return readfile(__DIR__ . ($path === '/loader.js' ? '/../../../web/dist/client' : '/../page') . $path);
}
$url = getenv('TIDINGS_URL') ?: 'http://127.0.0.1:8080';
$tidings = new Tidings\Client($url, getenv('ORDERS_KEY') ?: '', getenv('TIDINGS_SECRET') ?: '');
$answer = function (int $status, array $body): void {
    http_response_code($status);
    header('Content-Type: application/json');
    header('Cache-Control: no-store');
    echo json_encode($body, JSON_HEX_TAG | JSON_THROW_ON_ERROR);
};

session_name('orders_php');
session_start(['cookie_samesite' => 'Lax', 'cookie_httponly' => true]);
if ($request === 'POST /login' && isset(USERS[$_POST['user'] ?? ''])) {
    session_regenerate_id(true);
    $_SESSION = ['user' => ['id' => $_POST['user'], 'name' => USERS[$_POST['user']]], 'csrf' => bin2hex(random_bytes(16))];
    header('Location: /', true, 303);
    return;
}
['user' => $user, 'csrf' => $csrf] = $_SESSION + ['user' => null, 'csrf' => ''];
session_write_close(); // the session is locked until then, and the user's other requests would wait

if ($user === null) {
    http_response_code($path === '/' ? 200 : 401);
    return readfile(__DIR__ . '/../page/login.html');
}
if ($_SERVER['REQUEST_METHOD'] !== 'GET' && !hash_equals($csrf, $_SERVER['HTTP_X_CSRF_TOKEN'] ?? '')) {
    return $answer(403, ['error' => 'load the page again']);
}
$body = json_decode(file_get_contents('php://input') ?: '{}', true);
$file = fopen(sys_get_temp_dir() . '/tidings-orders-php.json', 'c+'); // your application has a database
flock($file, LOCK_EX);
$order = json_decode(stream_get_contents($file) ?: 'null', true) ?? ['version' => 1, 'status' => 'open', 'note' => '', 'by' => 'Ann Miller'];
if ($request === 'PUT /order') {
    if ($body['version'] !== $order['version']) {
        return $answer(409, ['by' => $order['by']]);
    }
    $order = ['version' => $order['version'] + 1, 'status' => $body['status'], 'note' => $body['note'], 'by' => $user['name']];
    ftruncate($file, 0);
    rewind($file);
    fwrite($file, json_encode($order, JSON_THROW_ON_ERROR));
}
fclose($file); // the commit: only what is saved is told

switch ($request) {
    case 'GET /':
        $app = ['user' => $user, 'operator' => $user['id'] === 'ann', 'csrf' => $csrf, 'tidings' => $url, 'order' => $order];
        $filled = ['__TIDINGS__' => htmlspecialchars($url), '__APP__' => json_encode($app, JSON_HEX_TAG | JSON_THROW_ON_ERROR)];
        echo strtr(file_get_contents(__DIR__ . '/../page/order.html'), $filled);
        return;
    case 'GET /order':
        return $answer(200, $order);
    case 'PUT /order':
        $tidings->changed(['order.42'], author: $user, tab: $_SERVER['HTTP_TIDINGS_TAB'] ?? null, version: $order['version']);
        $editors = array_filter($tidings->presence('order.42')['people'] ?? [], fn ($p) => $p['mode'] === 'edit' && $p['id'] !== $user['id']);
        return $answer(200, ['order' => $order, 'editors' => array_column($editors, 'name')]);
    case 'POST /ticket':
        try {
            return $answer(200, ['ticket' => $tidings->ticket($user['id'], $user['name'], ['staff'])]);
        } catch (Tidings\Failed $failed) {
            error_log($failed->getMessage());
            return $answer(503, ['error' => 'no ticket now']);
        }
    case 'POST /maintenance':
        if ($user['id'] !== 'ann') {
            return $answer(403, ['error' => 'only operators may']);
        }
        $body['message'] === '' ? $tidings->maintenanceOff() : $tidings->maintenanceOn($body['message'], operators: ['ann'], by: $user['name']);
        return $answer(200, []);
    default:
        return $answer(404, ['error' => "there is no $request"]);
}
