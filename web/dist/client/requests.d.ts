/**
 * Calls and acknowledged publications. They wait for a session, within the limits of the queue. Each is settled once: by
 * its answer, by its timeout, by the page, or by the end of the session in which it was sent. Those that may be repeated
 * return to the queue then.
 */
import { type Incoming, type Payload } from './messages.js';
import { type Request, type State, type Step } from './state.js';
/** Sends a request, or queues it until there is a session. The shell's timer limits the wait (`expire`). */
export declare function request(state: State, unsent: Omit<Request, 'requestId'>): Step;
/** Fails what waits for the session of another user: it was not asked for by the one who has logged in. */
export declare function abandonOfOther(state: State, user: string): Step;
/** Sends the requests that wait for a session. */
export declare function flush(state: State): Step;
/** Sends a publication that the router does not acknowledge, or drops it if there is no session. */
export declare function publishUnacknowledged(state: State, publication: {
    uri: string;
    options: object;
    payload: Payload;
}): Step;
export declare function settle(state: State, message: Incoming & {
    type: 'result' | 'published';
}): Step;
export declare function fail(state: State, kind: Request['kind'], error: Incoming & {
    type: 'error';
}): Step;
export declare function expire(state: State, token: number): Step;
/** The page no longer wants a request. The router is told, so that the callee can stop. */
export declare function cancel(state: State, token: number): Step;
/** Ends the requests of a session. They are sent again only if the router carries them out once. */
export declare function abandonSent(state: State): Step;
export declare function abandonAll(state: State): Step;
