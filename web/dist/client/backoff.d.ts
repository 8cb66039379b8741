/**
 * Returns the milliseconds to wait before try number `tries`, which starts at 1. `random` is a number of [0, 1). Half
 * of the wait is jitter: after a restart of the server, its clients reconnect spread over time.
 */
export declare function backoff(tries: number, random: number): number;
