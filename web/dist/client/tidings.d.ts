/**
 * Returns the milliseconds to wait before try number `tries`, which starts at 1. `random` is a number of [0, 1). Half
 * of the wait is jitter: after a restart of the server, its clients reconnect spread over time.
 */
declare function backoff(tries: number, random: number): number;
/**
 * The WAMP 2 messages of a client, and their form in JSON. This file checks the shape of a message; the machine checks if the
 * message is allowed in the current phase.
 */
type Dict = Readonly<Record<string, unknown>>;
type Match = 'exact' | 'prefix' | 'wildcard';
/** The application's data in an event, call, result or error. */
interface Payload {
    readonly args: readonly unknown[];
    readonly kwargs: Dict;
}
type Message = readonly unknown[];
declare function isDict(value: unknown): value is Dict;
/**
 * The heartbeat of a session. A network can fail without a word, and a browser shows such a connection as open for
 * minutes. If nothing has come from the router for a while, the heartbeat asks for an answer; any message is one.
 */
interface HeartbeatOptions {
    readonly interval?: number;
    readonly timeout?: number;
}
/** A place in the order of all kept publications. The epoch names the router's log, and a seq is valid in it alone. */
interface Position {
    readonly epoch: string;
    readonly seq: number;
}
/** Some events are missing and cannot be had: the page should load anew what it shows. */
interface Gap {
    readonly kept: boolean;
    readonly oldest: number | null;
}
/** One connection to the router. After `close` and `lost` its methods have no effect. */
interface Transport {
    /** Sends a message after those before it; called after `opened` only. Messages that wait when the transport is lost are dropped. */
    send(message: Message): void;
    /** Closes the transport after the messages that were sent. */
    close(): void;
}
/** What a transport reports. It calls no function before `dial` has returned, and none after `lost`. */
interface TransportEvents {
    /** Called once: messages can be sent. */
    opened(): void;
    /** Called with each message, decoded. The session checks its shape (`parse` in messages.ts). */
    received(message: unknown): void;
    /** Called once, when the transport has ended for any reason, or was never opened. */
    lost(): void;
}
/** Opens a transport. The address has the scheme ws or wss. An exception counts as a transport that is lost at once. */
type Dial = (address: URL, events: TransportEvents) => Transport;
/** Carries each message as a JSON text in one WebSocket message. */
declare const webSocket: Dial;
/** Opens transports by `first`, and after some that failed by long-poll, if HTTP works where WebSocket does not. */
declare function automatic(first: Dial, longPoll?: () => Promise<(first: Dial) => Dial>): Dial;
interface ShareOptions {
    /**
     * The address of tidings-worker.js, at the origin of the page. By default it is the one beside this file; false: one of
     * the tabs holds the connection, as where there is no SharedWorker.
     */
    readonly worker?: string | URL | false;
    /** Tabs with different names do not share. It can be the id of the user, for example. */
    readonly name?: string;
}
/**
 * Why there is no session.
 *
 *     origin, path, full, draining, ...   the server's word for a handshake that it has refused (docs/browser.md)
 *     no_upgrade         the server would accept the page, but a proxy does not pass WebSockets on
 *     not_tidings        another program answers at the address
 *     redirect           the address answers with a redirect, which WebSockets do not follow
 *     unreachable        nothing answers at the address
 *     offline            the browser has no network
 *     mixed_content      a page of https may not open a WebSocket without TLS
 *     forbidden_by_page  the page's Content-Security-Policy does not allow the address
 *     unopened           the connection did not open, and the reason is not known yet
 *     timeout            the connection was open, but the server did not answer
 *     lost               the connection was lost
 *     closed             the server has ended the session, and the page may come again
 *     denied             the server has not accepted the ticket, and the page tries another one
 *     no_ticket          the ticket callback has given no ticket
 *     protocol           the server has sent a message that WAMP does not allow
 *     suspended          the page is left or frozen
 */
type Reason = 'origin' | 'path' | 'full' | 'draining' | 'no_upgrade' | 'not_tidings' | 'redirect' | 'unreachable' | 'offline' | 'mixed_content' | 'forbidden_by_page' | 'unopened' | 'timeout' | 'lost' | 'closed' | 'denied' | 'no_ticket' | 'protocol' | 'suspended' | (string & {});
/** Why the page waits. The reason is for programs, the message for developers: what failed, and what to do. */
interface Trouble {
    readonly reason: Reason;
    readonly message: string;
    readonly status: number | null;
    readonly cause?: unknown;
}
type ErrorKind = 'connection' | 'ticket' | 'subscription' | 'registration' | 'presence' | 'answer';
/** What `onError` is called with. */
declare class TidingsError extends Error {
    readonly kind: ErrorKind;
    readonly reason: Reason;
    readonly uri: string;
    readonly status: number | null;
    readonly failure: Failure | null;
    constructor(kind: ErrorKind, { reason, message, status, cause }: Trouble, uri?: string, failure?: Failure | null);
}
/** What may wait for a session. */
interface QueueLimits {
    readonly requests: number;
    readonly bytes: number;
}
/** The session and its identity, as WELCOME has them. */
interface Session {
    readonly id: number;
    readonly user: string;
    readonly name: string;
    readonly role: string;
    readonly roles: readonly string[];
    readonly tenant: string;
}
/** The cause of a failure: the URI is for programs, the message for people. */
interface Failure {
    readonly uri: string;
    readonly message: string;
    readonly temporary?: boolean;
    readonly payload: Payload;
}
/** What the router delivers for an interest: the content of an event or an invocation. */
interface Delivery {
    readonly uri: string;
    readonly details: Dict;
    readonly payload: Payload;
}
interface ReporterOptions {
    /** Called with everything that went wrong, also if it is printed no more. */
    readonly onError?: (error: TidingsError) => void;
    /** Prints nothing to the console; `onError` is called as otherwise. */
    readonly quiet?: boolean;
}
/**
 *     stale        there is no connection; what the page shows is of the time `since`
 *     catching up  the router has not sent everything yet
 *     live         what the page shows is true
 *     thinned      the router has left out events, because this page does not keep up; the last one is here
 *     access lost  the router refuses the subscription, or has withdrawn it
 */
type Freshness = 'live' | 'catching up' | 'stale' | 'thinned' | 'access lost';
interface Status {
    readonly state: Freshness;
    readonly since: Date;
    readonly failure: Failure | null;
}
interface TicketRequest {
    /** Aborts when the time is over: pass it to `fetch`. */
    readonly signal: AbortSignal;
}
type TicketCallback = (request: TicketRequest) => Promise<string>;
interface Options extends ReporterOptions {
    readonly url: string | URL;
    readonly realm?: string;
    /**
     * Fetches a one-time ticket from the page's backend, once for each login. It may take longer than the server lets a
     * connection wait: the ticket is then for the next connection. Without it the page is anonymous.
     */
    readonly ticket?: TicketCallback;
    /** How long `ticket` may take, in ms: 30000 by default. Then the connection waits and asks again. */
    readonly ticketTimeout?: number;
    /** The tab's identity. By default the SDK makes one and keeps it in sessionStorage. */
    readonly tab?: string;
    /**
     * Whether the tabs of the browser share one connection to this address, each with a session of its own; by default they
     * do where the browser can. Tabs of different users never share.
     */
    readonly share?: boolean | ShareOptions;
    /** Opens what carries the messages. By default it is a WebSocket, shared or not, or long-poll where WebSockets are blocked. */
    readonly transport?: Dial;
    /** How a dead connection is found; false: not at all. */
    readonly heartbeat?: HeartbeatOptions | false;
    /** How many calls and acknowledged publications may wait for a connection: 100 by default, with 256 KiB. */
    readonly queue?: Partial<QueueLimits>;
    /** Prints the conversation with the server to the console: messages are shortened, tickets hidden. */
    readonly debug?: boolean;
}
/** The state of the connection, for the page to show. */
type ConnectionState = {
    readonly name: 'connecting' | 'authenticating';
    readonly tries: number;
} | {
    readonly name: 'open';
    readonly session: Session;
} | {
    readonly name: 'waiting';
    readonly tries: number;
    readonly retryAt: Date;
    readonly reason: Reason;
    readonly message: string;
    readonly status: number | null;
} | {
    readonly name: 'refused';
    readonly reason: string;
    readonly message: string;
} | {
    readonly name: 'closed';
};
interface TopicEvent extends Delivery {
    readonly publication: number;
    readonly position: Position | null;
    readonly afterGap: boolean;
    readonly skipped: number;
}
/** @deprecated Use TopicEvent: this name hides the DOM's Event from a module that imports it. */
type Event = TopicEvent;
type EventHandler = (event: TopicEvent) => void;
type Procedure = (invocation: Delivery) => Partial<Payload> | void | Promise<Partial<Payload> | void>;
interface SubscribeOptions {
    readonly match?: Match;
    /** Delivers the last events of a kept topic first, at most as many. */
    readonly history?: number;
    /** Delivers the retained event first, also to a handler that comes later. */
    readonly retained?: boolean;
    /** Delivers first what was published after this position: of what the page's backend has rendered, for example. */
    readonly since?: Position;
    /** Called when events are missing that cannot be had: load anew what the page shows. */
    readonly onGap?: (gap: Gap) => void;
    readonly onActive?: () => void;
    /** @deprecated Use onActive. */
    readonly onHeld?: () => void;
    /** Called when the router refuses. After a failure that is temporary the SDK tries again, and calls onActive in the end. */
    readonly onRefused?: (failure: Failure) => void;
}
type RegisterOptions = Pick<SubscribeOptions, 'match' | 'onActive' | 'onHeld' | 'onRefused'>;
/** A subscription or registration; the connection renews it after each reconnect until it is released. */
interface Handle {
    readonly uri: string;
    release(): void;
}
interface Subscription extends Handle {
    /** Whether what the page has of the topic is true. It is the same object until it changes. */
    readonly status: Status;
    /** Calls the listener after each change of the status, until the returned function is called. */
    onStatus(listener: (status: Status) => void): () => void;
}
interface CallOptions extends Partial<Payload> {
    readonly timeout?: number;
    readonly signal?: AbortSignal;
    /** The procedure may be called twice: the call is sent again if the connection was lost before the answer came. */
    readonly repeatable?: boolean;
}
interface PublishOptions extends Omit<CallOptions, 'repeatable'> {
    readonly acknowledge?: boolean;
    readonly excludeMe?: boolean;
    /** Publications with the same id are published once. By default an acknowledged publication has an id of its own. */
    readonly id?: string;
    readonly version?: number;
    readonly key?: string;
    readonly remove?: boolean;
}
/** The calls and acknowledged publications without an answer. */
interface Queue {
    readonly pending: number;
    readonly waiting: number;
    readonly bytes: number;
    readonly oldest: Date | null;
}
declare function connect(options: Options): Connection;
declare class Connection {
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
    /** Reports the refusal of what is built on the connection, to `onError` and to the console. */
    reportRefusal(kind: ErrorKind, uri: string, failure: Failure): void;
}
interface Change {
    readonly id: string;
    readonly tags: readonly string[];
    readonly author: {
        readonly id: string;
        readonly name: string;
    } | null;
    readonly mine: boolean;
    readonly version: string | null;
    readonly fields: readonly string[];
    readonly at: Date;
    readonly count: number;
}
interface ContentWatch {
    /** Replaces the watched tags. */
    set(tags: Iterable<string>): void;
    stop(): void;
}
/** A tag that the router does not let this page watch. */
interface RefusedTag {
    readonly tag: string;
    readonly failure: Failure;
}
interface ContentHandlers {
    readonly changed: (change: Change) => void;
    /**
     * Called in each session when every tag is watched or refused, and after `changed` for what was missed. Changes before
     * the first session were not reported: compare versions then.
     */
    readonly ready?: (answer: {
        readonly refused: readonly RefusedTag[];
    }) => void;
    readonly refused?: (tag: string, failure: Failure) => void;
    /** Called when changes of a tag may have been missed that are no longer kept: load anew what the page shows of it. */
    readonly gap?: (tag: string) => void;
}
declare function watchContent(connection: Connection, tags: Iterable<string>, handlers: ContentHandlers): ContentWatch;
/** The error of a call, publication or procedure; `failure` has the WAMP error URI and its payload. */
declare class Failed extends Error {
    readonly failure: Failure;
    constructor(why: Failure);
    static from(error: unknown): Failed;
}
/** Thrown by a ticket callback to stop further tries, for example because the user must log in first. */
declare class TicketRefused extends Error {
}
type Level = 'info' | 'success' | 'warning' | 'error';
interface Flash {
    readonly level: Level;
    readonly title: string;
    readonly text: string;
    readonly href: string;
}
interface FlashOptions {
    /** Returns the topic of a user's messages; by default `user.{id}.flash`. */
    readonly topic?: (user: string) => string;
    /** Shows each message in every tab of the browser. */
    readonly everywhere?: boolean;
}
/** Shows the messages to the session's user. After a reconnect as another user it follows that user. */
declare function watchFlash(connection: Connection, show: (flash: Flash) => void, options?: FlashOptions): Handle;
/** The types of the global `Tidings`, which loader.js makes. */
type Sdk = typeof import('./tidings.js');
/** A value that may not be here yet: a promise of it, whose members can be used at once. */
type Queued<T> = Promise<T> & (T extends (...args: infer A) => infer R ? (...args: {
    [I in keyof A]: A[I] | Queued<A[I]>;
}) => Queued<Awaited<R>> : T extends object ? {
    readonly [K in keyof T]: Queued<T[K]>;
} : unknown);
/** `window.Tidings`. Classes are there as soon as the SDK is: use them in callbacks. */
type Loader = {
    readonly [K in keyof Sdk as Sdk[K] extends abstract new (...args: never) => unknown ? never : K]: Queued<Sdk[K]>;
} & {
    readonly [K in keyof Sdk as Sdk[K] extends abstract new (...args: never) => unknown ? K : never]: Sdk[K];
} & {
    push(task: (Tidings: Loader) => void): void;
} & Promise<Sdk>;
interface Maintenance {
    readonly on: boolean;
    readonly message: string;
    readonly since: Date | null;
    readonly by: string;
    readonly exempt: boolean;
}
/**
 * Calls `changed` with the state at once and after each change. The router sends the state to every new subscriber,
 * also after a reconnect. While there is no connection, the last state stands.
 */
declare function watchMaintenance(connection: Connection, changed: (maintenance: Maintenance) => void): Handle;
type Mode = 'view' | 'edit';
interface Person {
    readonly id: string;
    readonly name: string;
    readonly mode: Mode;
    readonly tabs: number;
}
interface PresenceChange {
    readonly kind: 'join' | 'leave' | 'mode';
    readonly id: string;
    readonly name: string;
}
interface PresenceUpdate {
    /** All people; if there are more than a hundred, some of them. */
    readonly people: readonly Person[];
    readonly count: number;
    /** What led here, without tabs that were opened or closed. Empty in the first update of each session. */
    readonly changes: readonly PresenceChange[];
    /** The change if it is a single one, else null. */
    readonly change: PresenceChange | null;
}
interface PresenceHandlers {
    readonly changed: (update: PresenceUpdate) => void;
    readonly refused?: (failed: Failed) => void;
}
interface Presence {
    readonly record: string;
    setMode(mode: Mode): void;
    leave(): void;
}
/** Enters a record, and enters it again after each reconnect, until `leave`. */
declare function enterPresence(connection: Connection, record: string, mode: Mode, handlers: PresenceHandlers): Presence;
/** Returns the people without the given user. */
declare function others(people: readonly Person[], user: string): readonly Person[];
/**
 * Returns the tab's identity. A browser that duplicates a tab copies sessionStorage with the identity; a lock that the
 * page holds until it ends tells the copy from a reload. Pages that are not served securely have no locks: there, each
 * load has a new identity.
 */
declare function tabIdentity(): Promise<string>;
/** Returns a value as it stands in one component of a topic. */
declare function encodeParam(value: string | number): string;
/**
 * Returns the topic, or the procedure, of a contract with values of its parameters:
 * topicOf('user.{user}.flash', {user: 'ann@example.com'}) is 'user.ann@example%2Ecom.flash'.
 */
declare function topicOf(contract: string, params: Readonly<Record<string, string | number>>): string;
export { Failed, TicketRefused, TidingsError, automatic, backoff, connect, encodeParam, enterPresence, isDict, others, tabIdentity, topicOf, watchContent, watchFlash, watchMaintenance, webSocket };
export type { CallOptions, Change, Connection, ConnectionState, ContentHandlers, ContentWatch, Delivery, Dial, Dict, ErrorKind, Event, EventHandler, Failure, Flash, FlashOptions, Freshness, Gap, Handle, HeartbeatOptions, Level, Loader, Maintenance, Match, Message, Mode, Options, Payload, Person, Position, Presence, PresenceChange, PresenceHandlers, PresenceUpdate, Procedure, PublishOptions, Queue, QueueLimits, Queued, Reason, RefusedTag, RegisterOptions, ReporterOptions, Session, ShareOptions, Status, SubscribeOptions, Subscription, TicketCallback, TicketRequest, TopicEvent, Transport, TransportEvents, Trouble };
