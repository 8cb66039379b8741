import type { Failure } from './state.js';
/** A call, publication or procedure that failed; `failure` has the WAMP error URI and its payload. */
export declare class Failed extends Error {
    readonly failure: Failure;
    constructor(why: Failure);
    static from(error: unknown): Failed;
}
/** Thrown by a ticket callback when asking again is of no use: the user has to log in first. */
export declare class TicketRefused extends Error {
}
