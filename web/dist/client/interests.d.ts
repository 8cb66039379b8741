/**
 * Interests: subscriptions and registrations, requested in each session anew for as long as the page wants them. Both
 * kinds share one life cycle and differ only in their message codes.
 */
import { type Incoming, type Match, type Revocation } from './messages.js';
import { type InterestKind, type Output, type State, type Step } from './state.js';
export declare function want(state: State, wanted: {
    key: string;
    kind: InterestKind;
    uri: string;
    match: Match;
}): Step;
export declare function release(state: State, key: string): Step;
/** Asks for everything again in a new session. */
export declare function resume(state: State): Step;
/** The session is gone, and with it every id. */
export declare function forget(state: State): State;
export declare function granted(state: State, kind: InterestKind, answer: {
    request: number;
    id: number;
}): Step;
export declare function denied(state: State, kind: InterestKind, error: Incoming & {
    type: 'error';
}): Step;
/** The router took it back: rights were withdrawn. Asked again only in the next session, or when the page asks. */
export declare function revoked(state: State, kind: InterestKind, { id, reason }: Revocation): Step;
/** An event without an active subscription is dropped: the router sent it before it saw UNSUBSCRIBE. */
export declare function event(state: State, message: Incoming & {
    type: 'event';
}): Output[];
/** An invocation is answered whatever happens, or the caller waits for nothing. */
export declare function invocation(state: State, message: Incoming & {
    type: 'invocation';
}): Output[];
