/** Calls and acknowledged publications: each is settled exactly once, by its answer, by its time or by the lost session. */
import { type Incoming, type Payload } from './messages.js';
import { type Request, type State, type Step } from './state.js';
/** Sends it, or keeps it until there is a session; how long it may wait is the shell's timer (`expire`). */
export declare function request(state: State, unsent: Omit<Request, 'requestId'>): Step;
/** Sends what has been waiting for a session. */
export declare function flush(state: State): Step;
/** A publication that nobody answers. Without a session it is dropped: what is worth keeping asks for an acknowledgement. */
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
/** Whether a request that was sent has been carried out nobody can say, so it is not sent again. */
export declare function abandonSent(state: State): Step;
export declare function abandonAll(state: State): Step;
