/** The status of a subscription, and of all that a page shows: whether it is true, and since when. */
import type { Failure, Interest, State } from './state.js';

/**
 *     stale        there is no connection; what the page shows is of the time `since`
 *     catching up  the router has not sent everything yet
 *     live         what the page shows is true
 *     thinned      the router has left out events, because this page does not keep up; the last one is here
 *     access lost  the router refuses the subscription, or has withdrawn it
 */
export type Freshness = 'live' | 'catching up' | 'stale' | 'thinned' | 'access lost';

export interface Status {
  readonly state: Freshness;
  readonly since: Date; // of the state; while it catches up, the time of what the page shows
  readonly failure: Failure | null; // why access is lost, or why the router has to be asked again
}

export function initially(): Status {
  return { state: 'catching up', since: new Date(), failure: null };
}

export function freshness(state: State, { status, progress }: Interest): Freshness {
  if (status === 'refused' || state.phase.name !== 'open') return status === 'refused' ? 'access lost' : phaseFreshness(state);
  if (status === 'waiting') return 'stale';
  if (!progress.caughtUp) return 'catching up';
  return progress.thinned ? 'thinned' : 'live';
}

/** Returns the freshness of a page without subscriptions. A page that connects for the first time is not stale yet. */
export function phaseFreshness({ phase, tries, attempt }: State): Freshness {
  if (phase.name === 'open') return 'live';
  if (phase.name === 'refused') return 'access lost';
  return attempt <= 1 && tries === 0 && phase.name !== 'closed' ? 'catching up' : 'stale';
}

/** Returns the status that follows, which is the same object if nothing has changed. */
export function follow(before: Status, state: Freshness, failure: Failure | null, at: Date): Status {
  if (before.state === state && before.failure === failure) return before;
  const continues = before.state === state || (before.state === 'stale' && state === 'catching up');
  return { state, since: continues ? before.since : at, failure };
}

const WORST: readonly Freshness[] = ['stale', 'catching up', 'access lost', 'thinned', 'live'];

export function isSame(one: Status, other: Status): boolean {
  return one.state === other.state && one.since.getTime() === other.since.getTime() && one.failure === other.failure;
}

/** Returns the worst of these, which has lasted the longest; null: there are none. */
export function worst(all: readonly Status[]): Status | null {
  return all.reduce<Status | null>((found, status) => {
    const rank = found ? WORST.indexOf(status.state) - WORST.indexOf(found.state) : -1;
    return rank < 0 || (rank === 0 && status.since < found!.since) ? status : found;
  }, null);
}
