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
    readonly since: Date;
    readonly failure: Failure | null;
}
export declare function initially(): Status;
export declare function freshness(state: State, { status, progress }: Interest): Freshness;
/** Returns the freshness of a page without subscriptions. A page that connects for the first time is not stale yet. */
export declare function phaseFreshness({ phase, tries, attempt }: State): Freshness;
/** Returns the status that follows, which is the same object if nothing has changed. */
export declare function follow(before: Status, state: Freshness, failure: Failure | null, at: Date): Status;
export declare function isSame(one: Status, other: Status): boolean;
/** Returns the worst of these, which has lasted the longest; null: there are none. */
export declare function worst(all: readonly Status[]): Status | null;
