import type { Match, Payload } from './messages.js';
import { type Delivery, type Failure, type Session } from './state.js';
import { type Dial } from './transport.js';
export interface Options {
    readonly url: string | URL;
    readonly realm?: string;
    /**
     * Fetches a one-time ticket from the page's backend, once for each login. It may take longer than the server lets a
     * connection wait: the ticket is then for the next connection. Without it the page is anonymous.
     */
    readonly ticket?: () => Promise<string>;
    /** The tab's identity. By default the SDK makes one and keeps it in sessionStorage. */
    readonly tab?: string;
    /** Opens what carries the messages. By default it is a WebSocket. */
    readonly transport?: Dial;
}
/** The state of the connection, for the page to show. */
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
    /** Called when the router refuses. After a failure that is temporary the SDK tries again, and calls onActive in the end. */
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
    /**
     * The tab's identity. The page sends it along to its own backend when it saves, and the router then does not notify
     * this tab of its own change.
     */
    readonly tab: Promise<string>;
    constructor(options: Options);
    get state(): ConnectionState;
    get session(): Session | null;
    /** Calls the listener after each change of the state, until the returned function is called. */
    onState(listener: (state: ConnectionState) => void): () => void;
    subscribe(topic: string, handler: EventHandler, options?: SubscribeOptions): Handle;
    register(procedure: string, handler: Procedure, options?: SubscribeOptions): Handle;
    /** Publishes to a topic. Without `acknowledge` a publication is dropped if there is no session. */
    publish(topic: string, options?: PublishOptions): Promise<void>;
    /** Calls a procedure; rejects with a Failed. Without a session the call waits for one until its timeout. */
    call(procedure: string, options?: CallOptions): Promise<Payload>;
    /** Connects at once if the connection waits for its next try or was refused. */
    retry(): void;
    /** Ends the connection for good. The browser does it for a page that is left. */
    close(): void;
}
