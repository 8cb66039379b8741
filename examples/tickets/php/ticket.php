<?php
// Signs a one-time ticket for one user, with nothing but PHP itself.
// Usage: TIDINGS_SECRET=... php ticket.php USER [NAME [ROLE...]]

function ticket(string $secret, string $user, string $name, array $roles): string
{
    $base64url = fn (string $bytes): string => rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    $json = fn (array $value): string => json_encode($value, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE);
    $now = time();
    $claims = [
        'jti' => bin2hex(random_bytes(16)), // accepted once: no other ticket may have it
        'sub' => $user,
        'aud' => 'tidings',
        'iat' => $now,
        'exp' => $now + 60,
        'name' => $name,
        'roles' => $roles,
    ];
    $signed = $base64url($json(['alg' => 'HS256', 'typ' => 'JWT'])) . '.' . $base64url($json($claims));
    return $signed . '.' . $base64url(hash_hmac('sha256', $signed, $secret, true));
}

$secret = getenv('TIDINGS_SECRET');
if ($secret === false || $argc < 2) {
    fwrite(STDERR, "usage: TIDINGS_SECRET=... php ticket.php USER [NAME [ROLE...]]\n");
    exit(2);
}
echo ticket($secret, $argv[1], $argv[2] ?? $argv[1], array_slice($argv, 3)), "\n";
