import type { Match, Payload } from './messages.js';
import { type Delivery, type Failure, type Session } from './state.js';
export interface Options {
    readonly url: string | URL;
    readonly realm?: string;
    /** Fetches a one-time ticket from the page's own backend; asked for each session. Without it the page is anonymous. */
    readonly ticket?: () => Promise<string>;
    /** The tab's identity, if the page has one of its own; by default it is kept in sessionStorage. */
    readonly tab?: string;
}
/** What a page can show of the connection. */
export type ConnectionState = {
    readonly name: 'connecting' | 'authenticating';
    readonly tries: number;
} | {
    readonly name: 'open';
    readonly session: Session;
} | {
    readonly name: 'waiting';
    readonly tries: number;
    readonly retryAt: Date;
} | {
    readonly name: 'refused';
    readonly reason: string;
    readonly message: string;
} | {
    readonly name: 'closed';
};
export interface TopicEvent extends Delivery {
    readonly publication: number;
}
/** @deprecated Use TopicEvent: this name hides the DOM's Event from a module that imports it. */
export type Event = TopicEvent;
export type EventHandler = (event: TopicEvent) => void;
export type Procedure = (invocation: Delivery) => Partial<Payload> | void | Promise<Partial<Payload> | void>;
export interface SubscribeOptions {
    readonly match?: Match;
    readonly onActive?: () => void;
    /** @deprecated Use onActive. */
    readonly onHeld?: () => void;
    readonly onRefused?: (failure: Failure) => void;
}
/** A subscription or registration; the connection renews it after each reconnect until it is released. */
export interface Handle {
    readonly uri: string;
    release(): void;
}
export interface PublishOptions extends Partial<Payload> {
    readonly acknowledge?: boolean;
    readonly excludeMe?: boolean;
    readonly timeout?: number;
}
export interface CallOptions extends Partial<Payload> {
    readonly timeout?: number;
}
export declare function connect(options: Options): Connection;
export declare class Connection {
    #private;
    /** The identity that the page's requests to its own backend should carry, so that it is not told of its own changes. */
    readonly tab: Promise<string>;
    constructor(options: Options);
    get state(): ConnectionState;
    get session(): Session | null;
    /** Listens to changes of the state; returns how to stop. */
    onState(listener: (state: ConnectionState) => void): () => void;
    subscribe(topic: string, handler: EventHandler, options?: SubscribeOptions): Handle;
    register(procedure: string, handler: Procedure, options?: SubscribeOptions): Handle;
    /** Without `acknowledge` it is sent if there is a session and forgotten if there is none. */
    publish(topic: string, options?: PublishOptions): Promise<void>;
    /** Rejects with a Failed; a call made before the session is open waits for it, within its time. */
    call(procedure: string, options?: CallOptions): Promise<Payload>;
    /** Connects at once: out of waiting, or after a refusal that a person has dealt with. */
    retry(): void;
    /** Ends the session for good. A page that is merely left need not call it. */
    close(): void;
}
