/** The end of a session, or of an attempt to open one, and what follows: another try, a refusal, or the end for good. */
import { type Incoming } from './messages.js';
import { type Output, type State, type Step } from './state.js';
/** A ticket may expire on its way to the router: after the first denial the page gets another, the second is final. */
export declare function aborted(state: State, { reason, details }: Incoming & {
    type: 'abort';
}): Step;
/** The router ends the session. The page reconnects, and its ticket callback decides if the user may come back. */
export declare function goodbye(state: State, { reason, details }: Incoming & {
    type: 'goodbye';
}): Step;
export declare function violation(state: State, message: string): Step;
/** Gives the transport up, and tries again later: after so many ms, or after the usual wait. */
export declare function abandon(state: State, after?: number): Step;
export declare function lost(state: State, after?: number): Step;
/**
 * Ends the session politely and waits for `wake`, without a timer. The page is left or frozen: others are not to see it,
 * and the browser keeps only pages without a connection.
 */
export declare function suspend(state: State): Step;
export declare function refuse(state: State, reason: string, message: string): Step;
export declare function close(state: State): Step;
export declare function ended(state: State): Step;
export declare function stopTimers(): Output[];
