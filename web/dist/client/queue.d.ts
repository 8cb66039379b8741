import type { Payload } from './messages.js';
import { Observable } from './observable.js';
import type { Failure, State } from './state.js';
/** The calls and acknowledged publications without an answer. */
export interface Queue {
    readonly pending: number;
    readonly waiting: number;
    readonly bytes: number;
    readonly oldest: Date | null;
}
export interface Patience {
    readonly timeout: number;
    readonly signal: AbortSignal | undefined;
}
/** What the machine is told of a request. */
export interface Requester {
    send(token: number): void;
    expired(token: number): void;
    canceled(token: number): void;
}
export declare class Requests {
    #private;
    readonly queue: Observable<Queue>;
    /** Makes a request; the promise is settled with its token. */
    make({ timeout, signal }: Patience, requester: Requester): Promise<Payload>;
    settle(token: number, result: Payload): void;
    fail(token: number, failure: Failure): void;
    /** Shows what is pending, if it has changed. */
    show({ requests }: State): void;
}
