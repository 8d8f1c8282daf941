<?php
// A receiver in PHP without dependencies: php -S 127.0.0.1:3000 docs/verify/verify.php
const TOLERANCE = 300; // seconds

// verify takes the raw bytes of the body, before anything has parsed them.
function verify(array $headers, string $body, string $secret, ?int $now = null): bool
{
    if (!str_starts_with($secret, 'whsec_')) {
        throw new RuntimeException('AFARA_SIGNING_SECRET is not set');
    }
    $id = $headers['webhook-id'] ?? '';
    $timestamp = $headers['webhook-timestamp'] ?? '';
    if ($id === '' || !ctype_digit($timestamp) || abs(($now ?? time()) - (int) $timestamp) > TOLERANCE) {
        return false;
    }
    $key = base64_decode(substr($secret, strlen('whsec_')), true); // the decoded bytes are the key
    $want = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
    foreach (explode(' ', $headers['webhook-signature'] ?? '') as $given) {
        if (hash_equals($want, $given)) {
            return true;
        }
    }
    return false;
}

$body = file_get_contents('php://input');
$headers = array_change_key_case(getallheaders());
if (!verify($headers, $body, (string) getenv('AFARA_SIGNING_SECRET'))) {
    http_response_code(401);
    exit;
}
$event = json_decode($body, true, flags: JSON_THROW_ON_ERROR);
error_log("{$event['event']} {$event['eventId']}"); // store it under its eventId, then answer
http_response_code(204);
