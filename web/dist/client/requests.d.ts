/**
 * Calls and acknowledged publications. Each is settled once: by its answer, by its timeout or by the end of the
 * session.
 */
import { type Incoming, type Payload } from './messages.js';
import { type Request, type State, type Step } from './state.js';
/** Sends a request, or keeps it until there is a session. The shell's timer limits the wait (`expire`). */
export declare function request(state: State, unsent: Omit<Request, 'requestId'>): Step;
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
/** Fails the requests that were sent. They are not sent again, because the router may have carried them out. */
export declare function abandonSent(state: State): Step;
export declare function abandonAll(state: State): Step;
