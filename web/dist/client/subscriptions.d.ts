/** All subscriptions and registrations of a page: their handlers, their statuses, and the status of the page. */
import { Observable } from './observable.js';
import type { Output, State } from './state.js';
import { type Status } from './status.js';
import { type Handler, Subscribers } from './subscribers.js';
type Told = Extract<Output, {
    type: 'event' | 'gap' | 'interest-active' | 'interest-changed' | 'interest-refused';
}>;
export declare class Subscriptions {
    #private;
    readonly status: Observable<Status>;
    get(key: string): Subscribers | undefined;
    add(key: string, handler: Handler): Subscribers;
    /** Removes a handler, and returns true if it was the last one of its subscription. */
    remove(key: string, handler: Handler): boolean;
    /** Tells the handlers of a subscription. `now` is the time of what happened. */
    tell(output: Told, state: State, now: Date): void;
    /** Shows the statuses in another phase of the connection. */
    showAll(state: State, now: Date): void;
    /** Shows the status of the page, if it has changed. Registrations have none. */
    showWorst(state: State, now: Date): void;
}
export {};
