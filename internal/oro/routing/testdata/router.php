<?php
// Compiles channels as the router of the application does, and says which topics they match. One JSON object a line:
// {"channel", "requirements", "defaults", "topics"} in, a list of booleans out.

const SEPARATORS = '/,;.:-_~+*=@|';

function isSeparator(string $text): bool
{
    return $text !== '' && strpos(SEPARATORS, $text[0]) !== false;
}

function withoutAnchors(string $expression): string
{
    $expression = $expression[0] === '^' ? substr($expression, 1) : $expression;
    return substr($expression, -1) === '$' ? substr($expression, 0, -1) : $expression;
}

// The text behind a parameter says where the parameter ends, and whether it may give characters back.
function withoutRequirement(string $behind): string
{
    $texts = preg_replace('#\{\w+\}#', '', $behind);
    $stop = isSeparator($texts) ? $texts[0] : '';
    $class = '[^/' . ($stop === '/' ? '' : preg_quote($stop, '#')) . ']+';
    $isPossessive = $behind === '' || $stop !== '' && $behind[0] !== '{';
    return $isPossessive ? $class . '+' : $class;
}

function expression(array $route): string
{
    $parts = preg_split('#(\{\w+\})#', $route['channel'], -1, PREG_SPLIT_DELIM_CAPTURE | PREG_SPLIT_OFFSET_CAPTURE | PREG_SPLIT_NO_EMPTY);
    $isParameter = fn (int $i): bool => isset($parts[$i]) && preg_match('#^\{\w+\}$#', $parts[$i][0]) === 1;
    $name = fn (int $i): string => substr($parts[$i][0], 1, -1);
    $expression = '';
    $open = 0;
    foreach ($parts as $i => [$text, $offset]) {
        if (!$isParameter($i)) {
            $ends = $isParameter($i + 1) && isSeparator(substr($text, -1)) ? substr($text, 0, -1) : $text;
            $expression .= preg_quote($ends, '#');
            continue;
        }
        $before = $i > 0 && !$isParameter($i - 1) ? substr($parts[$i - 1][0], -1) : '';
        $separator = isSeparator($before) ? $before : '';
        $requirement = $route['requirements'][$name($i)] ?? null;
        $own = $requirement === null ? withoutRequirement(substr($route['channel'], $offset + strlen($text))) : withoutAnchors($requirement);
        // Optional are the parameters at the end that have a default, with nothing but separators between them.
        $isOptional = true;
        for ($k = $i; $k < count($parts); $k++) {
            $isOptional = $isOptional && ($isParameter($k) ? in_array($name($k), $route['defaults'], true) : strlen($parts[$k][0]) === 1 && isSeparator($parts[$k][0]) && $k < count($parts) - 1);
        }
        $open += $isOptional ? 1 : 0;
        $expression .= ($isOptional ? '(?:' : '') . preg_quote($separator, '#') . '(?P<' . $name($i) . '>' . $own . ')';
    }
    return '#^' . $expression . str_repeat(')?', $open) . '$#sD';
}

while (($line = fgets(STDIN)) !== false) {
    $route = json_decode($line, true);
    $expression = expression($route);
    echo json_encode(array_map(fn (string $topic): bool => preg_match($expression, $topic) === 1, $route['topics'])), "\n";
}
