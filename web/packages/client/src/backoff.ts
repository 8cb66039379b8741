const FIRST = 1_000; // ms; a short loss of the network is over sooner than that
const LONGEST = 30_000; // ms; a page finds a server that was away for an hour within half a minute

/**
 * Returns the milliseconds to wait before try number `tries`, which starts at 1. `random` is a number of [0, 1). Half
 * of the wait is jitter: after a restart of the server, its clients reconnect spread over time.
 */
export function backoff(tries: number, random: number): number {
  const ceiling = Math.min(LONGEST, FIRST * 2 ** (Math.max(1, tries) - 1));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
