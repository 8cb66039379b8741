/**
 * How long to wait before try number `tries` (1 is the first), in ms. `dice` is a random number of [0, 1): half of the
 * time is jitter, so that the tabs which one restart has thrown out do not all come back in the same instant.
 */
export declare function backoff(tries: number, dice: number): number;
