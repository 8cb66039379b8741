import type { Failure } from './state.js';
/** The error of a call, publication or procedure; `failure` has the WAMP error URI and its payload. */
export declare class Failed extends Error {
    readonly failure: Failure;
    constructor(why: Failure);
    static from(error: unknown): Failed;
}
/** Thrown by a ticket callback to stop further tries, for example because the user must log in first. */
export declare class TicketRefused extends Error {
}
