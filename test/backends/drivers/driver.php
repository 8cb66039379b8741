<?php
// Calls the client of PHP as its standard input says: a JSON object on each line is one call, and so is each answer.
declare(strict_types=1);
require_once __DIR__ . '/../../../backends/php/Tidings.php';

use Tidings\Client;
use Tidings\Failed;

$at = new stdClass; // what the calls share: PHP's short functions have copies
$at->log = [];
$cut = fn (array $a): string => ($a['cut'] ?? false) ? substr($a['text'], 0, -1) : $a['text']; // inside a character
$calls = [
    'new' => function (array $a) use ($at) {
        $at->client = new Client($a['url'], $a['key'] ?? '', $a['secret'] ?? '', pause: (float) ($a['pause'] ?? 0),
            strict: $a['strict'] ?? false, log: function (string $line) use ($at) { $at->log[] = $line; });
    },
    'ticket' => fn (array $a) => $at->client->ticket($a['user'], $a['name'] ?? '', $a['roles'] ?? [], $a['tenant'] ?? '',
        $a['claims'] ?? [], session: $a['session'] ?? 0),
    'publish' => fn (array $a) => $at->client->publish($a['topic'], $a['args'] ?? [], $a['kwargs'] ?? [], $a['idempotency_key'] ?? null),
    'changed' => fn (array $a) => $at->client->changed($a['tags'], $a['author'] ?? null, $a['tab'] ?? null, $a['version'] ?? null,
        $a['fields'] ?? [], $a['idempotency_key'] ?? null),
    'flash' => fn (array $a) => $at->client->flash($a['user'], $cut($a), $a['level'] ?? 'info'),
    'presence' => fn (array $a) => $at->client->presence($a['record']),
    'maintenance' => fn () => $at->client->maintenance(),
    'maintenance_on' => fn (array $a) => $at->client->maintenanceOn($a['message'], $a['operators'] ?? []),
    'maintenance_off' => fn () => $at->client->maintenanceOff(),
    'verify' => fn (array $a) => Client::verify($a['body'], $a['signature'] ?? null, $a['secret']),
    'topic' => fn (array $a) => Client::topic($a['contract'], $a['params']),
];

while (($line = fgets(STDIN)) !== false) {
    $call = json_decode($line, true, 512, JSON_THROW_ON_ERROR);
    [$at->log, $result, $error, $status, $temporary] = [[], null, '', 0, false];
    $begun = hrtime(true);
    try {
        $result = $calls[$call['call']]($call['with'] ?? []);
    } catch (Failed $e) {
        [$error, $status, $temporary] = [$e->getMessage(), $e->status, $e->temporary];
    } catch (InvalidArgumentException $e) {
        $error = $e->getMessage();
    }
    echo json_encode(['result' => $result, 'error' => $error, 'status' => $status, 'temporary' => $temporary, 'log' => $at->log,
        'seconds' => (hrtime(true) - $begun) / 1e9], JSON_THROW_ON_ERROR), "\n";
}
