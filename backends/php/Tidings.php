<?php

/**
 * The backend's side of Tidings for PHP 8, in one file and with nothing but PHP itself. Copy it, and change nothing.
 *
 *     require_once 'Tidings.php';
 *
 *     $tidings = new Tidings\Client('http://127.0.0.1:8080', key: getenv('ERP_KEY'), secret: getenv('TIDINGS_SECRET'));
 *
 *     // The ticket endpoint, for the user of the current login:
 *     session_start();
 *     $user = $_SESSION['user'];
 *     session_write_close();      // PHP would let the user's other requests wait
 *     echo json_encode(['ticket' => $tidings->ticket($user['id'], $user['name'], ['staff'])]);
 *
 *     // After the commit of a save:
 *     $db->commit();
 *     $tidings->changed(["order.$id"], author: $user, tab: $_SERVER['HTTP_TIDINGS_TAB'] ?? null, version: $version);
 *     $tidings->flash('ann@example.com', 'Your report is ready', level: 'success', href: '/reports/7');
 *     $tidings->publish(Tidings\Client::topic('price.{symbol}', ['symbol' => 'ACME']), kwargs: ['amount' => 12.5]);
 *
 *     // In a webhook of Tidings:
 *     $body = file_get_contents('php://input');
 *     if (!Tidings\Client::verify($body, $_SERVER['HTTP_TIDINGS_SIGNATURE'] ?? null, getenv('HOOK_SECRET'))) {
 *         http_response_code(401);
 *         exit;
 *     }
 *
 * A notification neither delays nor fails a save. A call takes at most `timeout` seconds (1), retries included. If it
 * fails, the reason is logged and the result is null. After a server has not answered, calls in the next `pause` seconds
 * (2) fail at once. With `strict: true` a call throws Tidings\Failed instead; use that where something tries again, such
 * as a queue, and pass the same idempotencyKey each time. `ticket` always throws: answer 503, and the page tries again.
 * The name of the server is looked up by PHP, which knows no time-out for that; an address or a local resolver is safe.
 */

declare(strict_types=1);

namespace Tidings;

/** A call that failed. `status` is that of HTTP, or 0 without an answer; `problem` is the server's problem document. */
final class Failed extends \RuntimeException
{
    /** @param array<string, mixed> $problem */
    public function __construct(
        string $message,
        public int $status = 0,
        public array $problem = [],
        public bool $temporary = false,
        public float $retryAfter = 0,
    ) {
        parent::__construct($message);
    }
}

final class Client
{
    private const MAX_ANSWER = 4 << 20;
    private const LARGE = 1 << 20; // the server's default of limits.body_bytes

    /** The separators of topics, white space, and the percent sign: docs/protocol.md has the rule. */
    private const SEPARATES = '~[%./#\x{09}-\x{0d}\x{1c}-\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]~u';

    private float $pausedUntil = 0;

    /**
     * @param string $url of the server, with the path of a proxy if there is one
     * @param string $key an API key; not needed to sign tickets
     * @param string $secret the server's auth.tickets.secret: tickets are signed here; without it the server is asked
     * @param null|callable(string): void $log gets what failed; the default is error_log
     */
    public function __construct(
        private string $url,
        private string $key = '',
        private string $secret = '',
        private float $timeout = 1.0,
        private int $attempts = 3,
        private float $pause = 2.0,
        private bool $strict = false,
        private $log = null,
    ) {
        $this->url = rtrim($url, '/');
        if (!in_array(parse_url($this->url, PHP_URL_SCHEME), ['http', 'https'], true) || !parse_url($this->url, PHP_URL_HOST)) {
            throw new \InvalidArgumentException("Tidings: the url must be like http://127.0.0.1:8080, not \"$url\"");
        }
        foreach (['key' => $key, 'secret' => $secret] as $name => $value) {
            if (preg_match('/^["\'\s]|[\x00-\x1f\x7f]|["\'\s]$/', $value)) {
                throw new \InvalidArgumentException("Tidings: the $name has control characters, or quotes or spaces at its ends: take them away");
            }
        }
    }

    /**
     * Returns a one-time ticket for a user: a page connects with it, once and soon.
     *
     * @param list<string> $roles
     * @param array<string, mixed> $claims anything else that rules need
     * @param int $ttl seconds in which the ticket can be used
     * @param int $session seconds until the session ends; 0: it has no end
     * @throws Failed
     */
    public function ticket(
        string|int $user,
        string $name = '',
        array $roles = [],
        string $tenant = '',
        array $claims = [],
        int $ttl = 60,
        int $session = 0,
    ): string {
        if ((string) $user === '') {
            throw new Failed('Tidings: a ticket needs the id of a user');
        }
        $about = self::withoutEmpty([
            'name' => $name, 'roles' => array_values($roles), 'tenant' => $tenant, 'claims' => $claims,
        ]);
        if ($this->secret === '') {
            $about += ['user' => (string) $user, 'ttl' => "{$ttl}s"] + ($session > 0 ? ['session' => "{$session}s"] : []);
            return $this->request('issue a ticket', 'POST', 'tickets', $about)['ticket'];
        }
        $now = time();
        $about += ['jti' => bin2hex(random_bytes(16)), 'sub' => (string) $user, 'aud' => 'tidings', 'iat' => $now, 'exp' => $now + $ttl];
        $about += $session > 0 ? ['session' => $session] : [];
        $encode = fn (string $bytes): string => rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
        $signed = $encode('{"alg":"HS256","typ":"JWT"}') . '.' . $encode(self::json($about));
        return $signed . '.' . $encode(hash_hmac('sha256', $signed, $this->secret, true));
    }

    /**
     * Publishes an event. A retry with the same idempotency key, in 15 minutes, is the same event.
     *
     * @param list<mixed> $args
     * @param array<string, mixed> $kwargs
     * @param array<string, mixed> $options other members of the HTTP API, such as eligible_authid, key, delete, retain
     * @return null|array{publication: int, deliveries: int} null if it failed
     */
    public function publish(
        string $topic,
        array $args = [],
        array $kwargs = [],
        ?string $idempotencyKey = null,
        ?int $version = null,
        array $options = [],
    ): ?array {
        $body = self::withoutEmpty(['args' => array_values($args), 'kwargs' => $kwargs, 'version' => $version]) + $options;
        return $this->notify("publish to $topic", 'POST', 'publish', ['topic' => $topic] + $body, $idempotencyKey ?? self::newKey());
    }

    /**
     * Reports that content has changed. Call it after the commit. The page of `tab` is not told, if `author` is its user.
     *
     * @param list<string> $tags
     * @param null|array{id: string|int, name?: string} $author
     * @param list<string> $fields
     * @return null|array{change: string, notified: int} null if it failed
     */
    public function changed(
        array $tags,
        ?array $author = null,
        ?string $tab = null,
        string|int|null $version = null,
        array $fields = [],
        ?string $idempotencyKey = null,
    ): ?array {
        $author = $author === null ? null : ['id' => (string) $author['id'], 'name' => (string) ($author['name'] ?? '')];
        $body = self::withoutEmpty(['author' => $author, 'tab' => (string) $tab, 'fields' => array_values($fields)]);
        $body += $version === null ? [] : ['version' => (string) $version];
        $what = 'report that ' . implode(', ', array_slice($tags, 0, 3)) . ' changed';
        return $this->notify($what, 'POST', 'content/changed', ['tags' => array_values($tags)] + $body, $idempotencyKey ?? self::newKey());
    }

    /**
     * Shows a message on the pages of a user. `topic` is the contract for such messages.
     *
     * @param string $level info, success, warning or error
     * @return null|array{publication: int, deliveries: int} null if it failed
     */
    public function flash(
        string|int $user,
        string $text,
        string $level = 'info',
        string $title = '',
        string $href = '',
        string $topic = 'user.{user}.flash',
        ?string $idempotencyKey = null,
    ): ?array {
        $kwargs = ['level' => $level, 'text' => $text] + self::withoutEmpty(['title' => $title, 'href' => $href]);
        try {
            $address = self::topic($topic, ['user' => $user]);
        } catch (Failed $failed) {
            return $this->failed($failed);
        }
        return $this->publish($address, kwargs: $kwargs, idempotencyKey: $idempotencyKey);
    }

    /**
     * Returns the people at a record.
     *
     * @return null|array{record: string, people: list<array{id: string, name: string, mode: string}>, count: int} null if it failed
     */
    public function presence(string $record): ?array
    {
        return $this->notify("read who is at $record", 'GET', 'presence/' . rawurlencode($record));
    }

    /** @return null|array{on: bool, message: string} the state of the site, or null if it failed */
    public function maintenance(): ?array
    {
        return $this->notify('read the state of maintenance', 'GET', 'maintenance');
    }

    /**
     * Covers all pages with a message, except those of the operators.
     *
     * @param list<string|int> $operators ids of users
     * @return null|array{on: bool, message: string} the state of the site, or null if it failed
     */
    public function maintenanceOn(string $message, array $operators = [], string $by = ''): ?array
    {
        $body = self::withoutEmpty(['operators' => array_map('strval', array_values($operators)), 'by' => $by]);
        return $this->notify('turn maintenance on', 'PUT', 'maintenance', ['message' => $message] + $body);
    }

    /** @return null|array{on: bool, message: string} the state of the site, or null if it failed */
    public function maintenanceOff(): ?array
    {
        return $this->notify('turn maintenance off', 'DELETE', 'maintenance');
    }

    /**
     * Returns the topic, tag or record of a contract. Characters that separate are percent-encoded: an e-mail address is
     * one parameter.
     *
     * @param array<string, string|int> $params
     * @throws Failed if a value is missing or not UTF-8
     */
    public static function topic(string $contract, array $params): string
    {
        return preg_replace_callback('/\{(\w+)[^{}]*(?:\{[^{}]*\}[^{}]*)*\}/', function (array $found) use ($contract, $params): string {
            $value = (string) ($params[$found[1]] ?? '');
            $encode = fn (array $c): string => '%' . implode('%', str_split(strtoupper(bin2hex($c[0])), 2));
            $encoded = preg_replace_callback(self::SEPARATES, $encode, $value);
            if ($value === '' || $encoded === null) {
                throw new Failed("Tidings: $contract needs a value for {$found[1]}, which is UTF-8");
            }
            return $encoded;
        }, $contract);
    }

    /**
     * Reports whether Tidings has sent the body of a webhook. `signature` is the header Tidings-Signature. A request that
     * is older than `tolerance` seconds is refused, since it may be a recorded one.
     */
    public static function verify(string $body, ?string $signature, string $secret, int $tolerance = 300): bool
    {
        if ($secret === '' || !preg_match('/^t=(\d{1,12}),v1=([0-9a-f]{64})$/', (string) $signature, $found)) {
            return false;
        }
        $known = hash_hmac('sha256', "{$found[1]}.$body", $secret);
        return hash_equals($known, $found[2]) && abs(time() - (int) $found[1]) <= $tolerance;
    }

    /** Sends a request, and logs a failure unless the client is strict. */
    private function notify(string $what, string $method, string $path, ?array $body = null, string $idempotencyKey = ''): ?array
    {
        try {
            return $this->request($what, $method, $path, $body, $idempotencyKey);
        } catch (Failed $failed) {
            return $this->failed($failed);
        }
    }

    /** Throws a failure if the client is strict, and logs it otherwise. */
    private function failed(Failed $failed): ?array
    {
        if ($this->strict) {
            throw $failed;
        }
        ($this->log ?? 'error_log')($failed->getMessage());
        return null;
    }

    /** Sends a request, again where that is of use, until the time is over. */
    private function request(string $what, string $method, string $path, ?array $body = null, string $idempotencyKey = ''): array
    {
        $deadline = self::now() + $this->timeout;
        try {
            if (self::now() < $this->pausedUntil) {
                throw new Failed("{$this->url} has just not answered; calls pause for {$this->pause} s");
            }
            $json = $body === null ? '' : self::json($body);
            for ($attempt = 1; ; $attempt++) {
                try {
                    return $this->exchange($method, $path, $json, $idempotencyKey, $deadline);
                } catch (Failed $failed) {
                    $wait = max($failed->retryAfter, 0.05 * 4 ** ($attempt - 1) * (1 + lcg_value()));
                    if (!$failed->temporary || $attempt >= $this->attempts || self::now() + $wait >= $deadline) {
                        $this->pausedUntil = $failed->status === 0 ? self::now() + $this->pause : 0;
                        throw $failed;
                    }
                    usleep((int) ($wait * 1e6));
                }
            }
        } catch (Failed $failed) {
            $told = new Failed("Tidings: cannot $what: {$failed->getMessage()}", $failed->status, $failed->problem, $failed->temporary, $failed->retryAfter);
            throw $told;
        }
    }

    /** Sends one request and returns the answer. The socket is PHP's own, since its HTTP client has no time-out for all. */
    private function exchange(string $method, string $path, string $json, string $idempotencyKey, float $deadline): array
    {
        $at = parse_url($this->url);
        $tls = $at['scheme'] === 'https';
        $address = ($tls ? 'tls://' : 'tcp://') . $at['host'] . ':' . ($at['port'] ?? ($tls ? 443 : 80));
        $context = stream_context_create(['ssl' => ['peer_name' => trim($at['host'], '[]'), 'SNI_enabled' => true]]);
        $left = fn (): float => max(0.001, $deadline - self::now());
        $socket = @stream_socket_client($address, $number, $reason, $left(), STREAM_CLIENT_CONNECT, $context);
        if ($socket === false) {
            $reason = $reason ?: (error_get_last()['message'] ?? 'no reason');
            throw new Failed("cannot connect to {$this->url} ($reason): does the server run?", temporary: true);
        }
        try {
            stream_set_blocking($socket, false);
            $host = $at['host'] . (isset($at['port']) ? ":{$at['port']}" : '');
            $out = "$method " . ($at['path'] ?? '') . "/api/v1/$path HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n"
                . "Accept: application/json\r\nUser-Agent: tidings-php\r\nContent-Length: " . strlen($json) . "\r\n"
                . ($json === '' ? '' : "Content-Type: application/json\r\n")
                . ($this->key === '' ? '' : "Authorization: Bearer {$this->key}\r\n")
                . ($idempotencyKey === '' ? '' : "Idempotency-Key: $idempotencyKey\r\n") . "\r\n$json";
            $in = '';
            while (!feof($socket)) {
                [$read, $write, $other] = [[$socket], $out === '' ? [] : [$socket], []];
                $time = $left();
                if (self::now() >= $deadline || !@stream_select($read, $write, $other, (int) $time, (int) (fmod($time, 1) * 1e6))) {
                    throw new Failed("no answer from {$this->url} in {$this->timeout} s", temporary: true);
                }
                if ($write !== []) {
                    $sent = @fwrite($socket, $out);
                    $out = $sent === false ? '' : substr($out, $sent); // an answer may say why it was not read
                }
                $in .= (string) @fread($socket, 65536);
                if (strlen($in) > self::MAX_ANSWER) {
                    throw new Failed("the answer of {$this->url} is longer than " . self::MAX_ANSWER . ' bytes');
                }
            }
        } finally {
            fclose($socket);
        }
        return $this->answer($in, strlen($json));
    }

    /** Reads an answer: a JSON object, or the reason of a refusal. */
    private function answer(string $in, int $sent): array
    {
        [$head, $text] = explode("\r\n\r\n", $in, 2) + ['', ''];
        if (!preg_match('~^HTTP/1\.\d (\d{3})~', $head, $found)) {
            $hint = $sent > self::LARGE ? ": are $sent bytes more than its limits.body_bytes?" : '';
            throw new Failed("{$this->url} ended the connection without an answer$hint", temporary: true);
        }
        $status = (int) $found[1];
        if (preg_match('/^transfer-encoding:\s*chunked/mi', $head)) {
            $text = self::dechunk($text);
        }
        $answer = json_decode($text, true, 512, JSON_BIGINT_AS_STRING);
        if ($status < 300 && is_array($answer)) {
            return $answer;
        }
        $problem = is_array($answer) ? $answer : [];
        $detail = $problem['detail'] ?? ($status < 300 ? 'the answer is not JSON' : 'no reason is given') . ': is this the address of Tidings?';
        preg_match('/^retry-after:\s*(\S[^\r\n]*)/mi', $head, $later);
        $wait = isset($later[1]) ? (float) (ctype_digit(trim($later[1])) ? $later[1] : max(0, (int) strtotime($later[1]) - time())) : 0.0;
        throw new Failed("{$this->url} answered $status: $detail", $status, $problem, in_array($status, [408, 429, 500, 502, 503, 504], true), $wait);
    }

    private static function dechunk(string $text): string
    {
        $body = '';
        while (preg_match('/^([0-9a-f]+)[^\r\n]*\r\n/i', $text, $found) && ($size = (int) hexdec($found[1])) > 0) {
            $body .= substr($text, strlen($found[0]), $size);
            $text = substr($text, strlen($found[0]) + $size + 2);
        }
        return $body;
    }

    /** Encodes a body. PHP's empty array is an empty object where the API has one. */
    private static function json(array $body): string
    {
        foreach (['kwargs', 'claims'] as $map) {
            if (isset($body[$map])) {
                $body[$map] = (object) $body[$map];
            }
        }
        try {
            $flags = JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_PRESERVE_ZERO_FRACTION | JSON_INVALID_UTF8_SUBSTITUTE;
            return json_encode($body, $flags);
        } catch (\JsonException $e) {
            throw new Failed("the payload cannot be written as JSON: {$e->getMessage()}");
        }
    }

    /** @param array<string, mixed> $members */
    private static function withoutEmpty(array $members): array
    {
        return array_filter($members, fn ($value): bool => $value !== null && $value !== '' && $value !== []);
    }

    private static function newKey(): string
    {
        return bin2hex(random_bytes(16));
    }

    private static function now(): float
    {
        return hrtime(true) / 1e9;
    }
}
