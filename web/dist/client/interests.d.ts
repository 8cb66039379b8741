/**
 * Interests: subscriptions and registrations, requested in each session anew for as long as the page wants them. Both
 * kinds share one life cycle and differ only in their message codes.
 */
import { type Dict, type Incoming, type Revocation } from './messages.js';
import { type InterestKind, type Output, type State, type Step, type Wish } from './state.js';
export declare function want(state: State, wish: Wish): Step;
export declare function release(state: State, key: string): Step;
/** Requests every interest in a new session. */
export declare function resume(state: State): Step;
/** Requests the interests again that were refused for a temporary reason. */
export declare function renew(state: State): Step;
/** Resets the interests after the session has ended: its ids are void, and released ones are removed. */
export declare function forget(state: State): State;
export declare function granted(state: State, kind: InterestKind, answer: {
    request: number;
    id: number;
    details?: Dict;
}): Step;
export declare function denied(state: State, kind: InterestKind, error: Incoming & {
    type: 'error';
}): Step;
/**
 * The router has ended the subscription or registration, because a right was withdrawn. The interest is requested
 * again in the next session, or when the page wants it again.
 */
export declare function revoked(state: State, kind: InterestKind, { id, reason, message }: Revocation): Step;
/** An event without an active subscription is dropped: the router sent it before it saw UNSUBSCRIBE. */
export declare function event(state: State, message: Incoming & {
    type: 'event';
}): Step;
/** Every invocation is answered, also for a procedure that was released: the caller waits for an answer. */
export declare function invocation(state: State, message: Incoming & {
    type: 'invocation';
}): Output[];
