/**
 * Subscriptions and registrations: asked for in every session anew, for as long as the page wants them. They differ
 * only in their message codes, so one life cycle serves both.
 */
import { type Incoming, type Match, type Revocation } from './messages.js';
import { type HoldKind, type Output, type State, type Step } from './state.js';
export declare function hold(state: State, wish: {
    key: string;
    kind: HoldKind;
    uri: string;
    match: Match;
}): Step;
export declare function release(state: State, key: string): Step;
/** Asks for everything again in a new session. */
export declare function resume(state: State): Step;
/** The session is gone, and with it every id. */
export declare function forget(state: State): State;
export declare function granted(state: State, kind: HoldKind, answer: {
    request: number;
    id: number;
}): Step;
export declare function denied(state: State, kind: HoldKind, error: Incoming & {
    type: 'error';
}): Step;
/** The router took it back: rights were withdrawn. Asked again only in the next session, or when the page asks. */
export declare function revoked(state: State, kind: HoldKind, { id, reason }: Revocation): Step;
/**
 * An event of a subscription that is not held is no fault: it was on its way while the page let go of it.
 */
export declare function event(state: State, message: Incoming & {
    type: 'event';
}): Output[];
/** An invocation is answered whatever happens, or the caller waits for nothing. */
export declare function invocation(state: State, message: Incoming & {
    type: 'invocation';
}): Output[];
