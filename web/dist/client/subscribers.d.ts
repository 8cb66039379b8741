/** The handlers of one subscription or registration, and its status. */
import type { EventHandler, Procedure, SubscribeOptions } from './options.js';
import { Observable } from './observable.js';
import type { Gap } from './positions.js';
import type { Arrival, Failure } from './state.js';
import type { Status } from './status.js';
export interface Handler {
    readonly handle: EventHandler | Procedure;
    readonly options: SubscribeOptions;
    /** What it has of the last events: it waits for them, gets them now, or needs none any more. */
    history: 'waits' | 'gets' | 'has';
}
export declare class Subscribers {
    #private;
    readonly status: Observable<Status>;
    constructor(status: Status);
    get size(): number;
    get procedure(): Procedure | undefined;
    add(handler: Handler): void;
    /** Returns false if the handler was removed before. */
    remove(handler: Handler): boolean;
    /** The router has granted the subscription, and sends so many of the last events. */
    granted(history: number): void;
    active(): void;
    caughtUp(): void;
    deliver({ publication, delivery, position, afterGap, skipped, old }: Arrival): void;
    gap(gap: Gap): void;
    refused(key: string, failure: Failure): void;
}
