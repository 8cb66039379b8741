/**
 * The boundary between the session and what carries its messages. The session (machine.ts, connection.ts) opens a
 * transport for each attempt to connect, and knows neither sockets nor frames. A transport knows no session: it carries
 * the messages of one WAMP session in order, or is lost.
 */
import { type Message } from './messages.js';
/** One connection to the router. After `close` and `lost` its methods have no effect. */
export interface Transport {
    /** Sends a message after those before it; called after `opened` only. Messages that wait when the transport is lost are dropped. */
    send(message: Message): void;
    /** Closes the transport after the messages that were sent. */
    close(): void;
}
/** What a transport reports. It calls no function before `dial` has returned, and none after `lost`. */
export interface TransportEvents {
    /** Called once: messages can be sent. */
    opened(): void;
    /** Called with each message, decoded. The session checks its shape (`parse` in messages.ts). */
    received(message: unknown): void;
    /** Called once, when the transport has ended for any reason, or was never opened. */
    lost(): void;
}
/** Opens a transport. The address has the scheme ws or wss. An exception counts as a transport that is lost at once. */
export type Dial = (address: URL, events: TransportEvents) => Transport;
/** Carries each message as a JSON text in one WebSocket message. */
export declare const webSocket: Dial;
/** Opens a transport whose code is loaded first. `instead` opens one if the code cannot be loaded. */
export declare function lazy(load: () => Promise<Dial>, instead?: Dial): Dial;
/** Opens transports by `first`, and after some that failed by long-poll, if HTTP works where WebSocket does not. */
export declare function automatic(first: Dial, longPoll?: () => Promise<(first: Dial) => Dial>): Dial;
/** Where longpoll.ts remembers that WebSockets are blocked, in sessionStorage. */
export declare const BLOCKED = "tidings.longpoll";
