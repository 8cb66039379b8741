const FIRST = 1_000; // ms; a blip of the network should not show for longer
const LONGEST = 30_000; // ms; a server that comes back after an hour is noticed within half a minute

/**
 * How long to wait before try number `tries` (1 is the first), in ms. `dice` is a random number of [0, 1): half of the
 * time is jitter, so that the tabs which one restart has thrown out do not all come back in the same instant.
 */
export function backoff(tries: number, dice: number): number {
  const ceiling = Math.min(LONGEST, FIRST * 2 ** (Math.max(1, tries) - 1));
  return Math.round(ceiling / 2 + (ceiling / 2) * dice);
}
