import type { Dict } from './messages.js';
import { type Input, type State, type Step } from './state.js';
/** Starts the timer of the renewal, if the session has an end. */
export declare function schedule(state: State, endsIn: unknown): Step;
/** Applies the answer of the router, which has the identity of the new ticket. */
export declare function renewed(state: State, session: State['phase'] & {
    name: 'open';
}, details: Dict): Step;
/** Tries again after a failure that may pass: another ticket after the first denial, and none if the page has none. */
export declare function failed(state: State, { failure, final }: Input & {
    type: 'not-renewed';
}): Step;
