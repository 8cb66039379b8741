import type { Payload } from './messages.js';
import type { CallOptions, ConnectionState, EventHandler, Handle, Options, Procedure, PublishOptions, RegisterOptions, SubscribeOptions, Subscription } from './options.js';
import { type Queue } from './queue.js';
import { type Session } from './state.js';
import type { Status } from './status.js';
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
    /** The worst status of all subscriptions: whether what the page shows is true. It is the same object until it changes. */
    get status(): Status;
    /** Calls the listener after each change of the status, until the returned function is called. */
    onStatus(listener: (status: Status) => void): () => void;
    subscribe(topic: string, handler: EventHandler, options?: SubscribeOptions): Subscription;
    register(procedure: string, handler: Procedure, options?: RegisterOptions): Handle;
    /** The calls and acknowledged publications without an answer. It is the same object until it changes. */
    get queue(): Queue;
    /** Calls the listener after each change of the queue, until the returned function is called. */
    onQueue(listener: (queue: Queue) => void): () => void;
    /**
     * Publishes to a topic. Without `acknowledge` a publication is dropped if there is no session. With it, the promise
     * is resolved when the router has the publication, which is published once, also if it was sent twice.
     */
    publish(topic: string, options?: PublishOptions): Promise<void>;
    /** Calls a procedure; rejects with a Failed. Without a session the call waits for one until its timeout. */
    call(procedure: string, options?: CallOptions): Promise<Payload>;
    /** Connects at once if the connection waits for its next try or was refused. */
    retry(): void;
    /** Ends the connection for good. The browser does it for a page that is left. */
    close(): void;
}
