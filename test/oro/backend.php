<?php

/*
 * Speaks to a server as the backend of OroPlatform does, in each of its versions: written from a description of the
 * bytes and of the order of reads and writes. It takes commands as lines of JSON, and answers each with one line.
 *
 *     {"do": "ticket", "user": "anna", "password": "the stored hash", "secret": "..."}      a page's ticket
 *     {"do": "connect", "address": "127.0.0.1:8080", "path": "/ws", "version": "4.2", "secret": "...", "ticket": "..."}
 *     {"do": "publish", "topic": "oro/data/update", "payload": "[...] as JSON"}
 *     {"do": "burst", "topic": "oro/data/update", "times": 5000}    tags with numbers, as fast as can be
 *     {"do": "again"}         a further connection with the same ticket, as after a write that took nothing
 *     {"do": "disconnect"}    a close frame, and the end of TCP
 *     {"do": "drop"}          the end of TCP alone, as at the end of a request
 *     {"do": "pages", "times": 200, ...}    connects, publishes and drops, as each page that is rendered
 */

declare(strict_types=1);

/** How a version of the client asks, reads and writes. */
const VERSIONS = [
    '4.2' => ['absolute' => true, 'reader' => 'buffered', 'blocking' => true],
    '5.1.1' => ['absolute' => false, 'reader' => 'second', 'blocking' => true],
    '5.1.3' => ['absolute' => false, 'reader' => 'millisecond', 'blocking' => false],
    '7.0' => ['absolute' => false, 'reader' => 'empty', 'blocking' => false],
];

/** The longest that a version from 5.1.3 on waits for the first bytes, and all for TCP. */
const CONNECT_SECONDS = 1.0;

/** Bounds what has to come, where the client itself waits without end. */
const PATIENCE_SECONDS = 60;

function digest(string $merged): string
{
    $digest = hash('sha512', $merged, true);
    for ($round = 1; $round < 5000; $round++) {
        $digest = hash('sha512', $digest . $merged, true);
    }

    return base64_encode($digest);
}

/** Returns a ticket. Without a user it is a backend's, and the secret takes the place of the password. */
function ticket(string $user, string $password, string $secret, ?string $nonce = null, ?string $created = null): string
{
    $nonce ??= bin2hex(random_bytes(8));
    $created ??= date('c');
    $digest = digest("$nonce|$created|$password" . '{' . $secret . '}');

    return base64_encode("$digest;$user;$nonce;$created");
}

/** One frame with FIN, masked. */
function frame(int $opcode, string $payload): string
{
    $length = strlen($payload);
    $head = chr(0x80 | $opcode);
    if ($length < 126) {
        $head .= chr(0x80 | $length);
    } elseif ($length < 65536) {
        $head .= chr(0x80 | 126) . pack('n', $length);
    } else {
        $head .= chr(0x80 | 127) . pack('J', $length);
    }
    $mask = random_bytes(4);

    return $head . $mask . ($payload ^ str_repeat($mask, intdiv($length, 4) + 1));
}

final class Refused extends RuntimeException
{
    public function __construct(string $message, public readonly string $status)
    {
        parent::__construct($message);
    }
}

final class Backend
{
    /** @var resource|null */
    private $socket = null;
    /** Connections that were left behind: PHP would close them. */
    private array $left = [];
    private array $version;
    private bool $connected = false;
    private string $target = '';

    /** @param array<string, string> $options */
    public function __construct(private array $options)
    {
        $this->version = VERSIONS[$options['version']];
    }

    public function connect(): array
    {
        $ticket = $this->options['ticket'] ?? ticket('', $this->options['secret'], $this->options['secret']);
        $this->target = $this->options['path'] . '?' . http_build_query(['ticket' => $ticket]);

        return ['ticket' => $ticket] + $this->open();
    }

    public function again(): array
    {
        $this->left[] = $this->socket;

        return $this->open();
    }

    private function open(): array
    {
        $began = microtime(true);
        $this->connected = false;
        $socket = @stream_socket_client('tcp://' . $this->options['address'], $code, $text, CONNECT_SECONDS);
        if ($socket === false) {
            throw new RuntimeException("connect: $text");
        }
        $this->socket = $socket;
        stream_set_timeout($socket, PATIENCE_SECONDS);
        fwrite($socket, $this->request());
        stream_set_blocking($socket, $this->version['blocking']);
        $answer = match ($this->version['reader']) {
            'buffered' => $this->readBuffered(),
            'second' => $this->readUntilASecondOfSilence(),
            'millisecond' => $this->poll(1000),
            'empty' => $this->poll(0),
        };
        $session = $this->welcome($answer);
        $this->connected = true;

        return ['session' => $session, 'seconds' => microtime(true) - $began];
    }

    private function request(): string
    {
        $address = $this->options['address'];
        $target = ($this->version['absolute'] ? "ws://$address" : '') . $this->target;
        $lines = [
            "GET $target HTTP/1.1",
            "Host: $address",
            'Pragma: no-cache',
            'Cache-Control: no-cache',
            'Upgrade: WebSocket',
            'Connection: Upgrade',
            'Sec-WebSocket-Key: ' . base64_encode(random_bytes(16)),
            'Sec-WebSocket-Protocol: wamp',
            'Sec-WebSocket-Version: 13',
            'Origin: 127.0.0.1',
        ];
        if (isset($this->options['user_agent'])) {
            $lines[] = 'User-Agent: ' . $this->options['user_agent'];
        }

        return implode("\r\n", $lines) . "\r\n\r\n";
    }

    /** Waits for the status line, and then takes only what has come with it. */
    private function readBuffered(): string
    {
        $status = fgets($this->socket);
        if ($status === false) {
            throw new RuntimeException('no answer');
        }
        $behind = stream_get_meta_data($this->socket)['unread_bytes'];

        return $behind > 0 ? $status . fread($this->socket, $behind) : $status;
    }

    private function readUntilASecondOfSilence(): string
    {
        stream_set_timeout($this->socket, 1);
        $answer = '';
        while (!feof($this->socket)) {
            $chunk = fread($this->socket, 8192);
            if ($chunk === '' || $chunk === false) {
                break;
            }
            $answer .= $chunk;
        }
        stream_set_timeout($this->socket, PATIENCE_SECONDS);

        return $answer;
    }

    /** Polls without blocking for the first bytes, and then until a read finds nothing. */
    private function poll(int $pauseMicroseconds): string
    {
        $answer = '';
        $deadline = microtime(true) + CONNECT_SECONDS;
        while (microtime(true) < $deadline && !feof($this->socket)) {
            $chunk = (string) fread($this->socket, 8192);
            if ($chunk !== '') {
                $answer .= $chunk;
            } elseif ($answer !== '') {
                break;
            }
            if ($pauseMicroseconds > 0) {
                usleep($pauseMicroseconds);
            }
        }

        return $answer;
    }

    /** Returns the id of WELCOME, the list between the first bracket and the last. */
    private function welcome(string $answer): string
    {
        $status = strtok($answer, "\r\n");
        if ($status === false) {
            throw new RuntimeException('no answer within a second');
        }
        if (!str_starts_with($status, 'HTTP/1.1 101')) {
            throw new Refused('refused', $status);
        }
        $from = strpos($answer, '[');
        $to = strrpos($answer, ']');
        if ($from === false || $to === false) {
            throw new RuntimeException('no WELCOME with the status');
        }
        $message = json_decode(substr($answer, $from, $to - $from + 1), true);
        if (!is_array($message) || ($message[0] ?? null) !== 0 || ($message[2] ?? null) !== 1) {
            throw new RuntimeException('not only WELCOME: ' . substr($answer, $from, 200));
        }

        return (string) $message[1];
    }

    /** Publishes, and reports success even if the server has gone: nothing is ever read. */
    public function publish(string $topic, mixed $payload): array
    {
        $text = json_encode([7, $topic, $payload, [], []], JSON_THROW_ON_ERROR);
        $reconnects = 0;
        if (!$this->connected || @fwrite($this->socket, $frame = frame(1, $text)) === 0) {
            $this->again();
            $reconnects++;
            fwrite($this->socket, $frame ?? frame(1, $text));
        }

        return ['reconnects' => $reconnects, 'connected' => $this->connected];
    }

    /** Publishes a data update for each of many numbers. */
    public function burst(string $topic, int $times): array
    {
        $reconnects = 0;
        $began = microtime(true);
        for ($n = 0; $n < $times; $n++) {
            $reconnects += $this->publish($topic, [['username' => null, 'tagname' => "number_$n"]])['reconnects'];
        }

        return ['reconnects' => $reconnects, 'seconds' => microtime(true) - $began];
    }

    /** Sends a close frame, and waits for the end of TCP. Returns the codes of close frames that have come. */
    public function disconnect(): array
    {
        stream_set_blocking($this->socket, true);
        fwrite($this->socket, frame(8, pack('n', 1000) . 'ttfn'));
        $began = microtime(true);
        $answer = (string) stream_get_contents($this->socket);
        $ended = feof($this->socket);
        $this->connected = false;
        fclose($this->socket);

        return ['answer' => bin2hex($answer), 'ended' => $ended, 'seconds' => microtime(true) - $began];
    }

    public function drop(): array
    {
        $this->connected = false;
        fclose($this->socket);

        return ['ended' => true];
    }
}

/** As many pages are rendered: each connects, publishes once, and drops TCP. */
function pages(array $command): array
{
    $failures = [];
    $slowest = 0.0;
    for ($n = 0; $n < $command['times']; $n++) {
        $backend = new Backend($command);
        try {
            $slowest = max($slowest, $backend->connect()['seconds']);
            if (isset($command['topic'])) {
                $backend->publish($command['topic'], json_decode($command['payload']));
            }
            $backend->drop();
        } catch (RuntimeException $failure) {
            $failures[] = $failure->getMessage();
        }
    }

    return ['failures' => $failures, 'slowest' => $slowest];
}

$backend = null;
while (($line = fgets(STDIN)) !== false) {
    $command = json_decode($line, true, 512, JSON_THROW_ON_ERROR);
    if (isset($command['timezone'])) {
        date_default_timezone_set($command['timezone']);
    }
    try {
        if ($command['do'] === 'connect') {
            $backend = new Backend($command);
        }
        $answer = match ($command['do']) {
            'ticket' => ['ticket' => ticket($command['user'], $command['password'], $command['secret'], $command['nonce'] ?? null, $command['created'] ?? null)],
            'connect' => $backend->connect(),
            // Objects stay objects: Oro's own payloads are PHP arrays, with a key where PHP has left a gap.
            'publish' => $backend->publish($command['topic'], json_decode($command['payload'])),
            'burst' => $backend->burst($command['topic'], $command['times']),
            'again' => $backend->again(),
            'disconnect' => $backend->disconnect(),
            'drop' => $backend->drop(),
            'pages' => pages($command),
        };
    } catch (Refused $refused) {
        $answer = ['error' => $refused->getMessage(), 'status' => $refused->status];
    } catch (RuntimeException $failure) {
        $answer = ['error' => $failure->getMessage()];
    }
    echo json_encode($answer, JSON_THROW_ON_ERROR), "\n";
}
