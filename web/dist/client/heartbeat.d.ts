/**
 * The heartbeat of a session. A network can fail without a word, and a browser shows such a connection as open for
 * minutes. If nothing has come from the router for a while, the heartbeat asks for an answer; any message is one.
 */
export interface HeartbeatOptions {
    readonly interval?: number;
    readonly timeout?: number;
}
export interface HeartbeatEvents {
    probe(): void;
    dead(): void;
}
export declare class Heartbeat {
    #private;
    constructor({ interval, timeout }: HeartbeatOptions, events: HeartbeatEvents);
    /** When the last message came from the router, in ms since 1970. */
    get heardAt(): number;
    start(): void;
    stop(): void;
    /** Notes a message of the router. */
    heard(): void;
    /** Asks at once: the page was shown or the network has changed, so that the connection may be dead. */
    check(): void;
}
