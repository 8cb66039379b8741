/**
 * The WAMP 2 messages of a client, and their form in JSON. This file checks the shape of a message; the machine checks if the
 * message is allowed in the current phase.
 */
export type Dict = Readonly<Record<string, unknown>>;
export type Match = 'exact' | 'prefix' | 'wildcard';
/** The application's data in an event, call, result or error. */
export interface Payload {
    readonly args: readonly unknown[];
    readonly kwargs: Dict;
}
export type Message = readonly unknown[];
export declare const Code: {
    readonly hello: 1;
    readonly welcome: 2;
    readonly abort: 3;
    readonly challenge: 4;
    readonly authenticate: 5;
    readonly goodbye: 6;
    readonly error: 8;
    readonly publish: 16;
    readonly published: 17;
    readonly subscribe: 32;
    readonly subscribed: 33;
    readonly unsubscribe: 34;
    readonly unsubscribed: 35;
    readonly event: 36;
    readonly call: 48;
    readonly cancel: 49;
    readonly result: 50;
    readonly register: 64;
    readonly registered: 65;
    readonly unregister: 66;
    readonly unregistered: 67;
    readonly invocation: 68;
    readonly yield: 70;
};
export type Incoming = {
    readonly type: 'welcome';
    readonly session: number;
    readonly details: Dict;
} | {
    readonly type: 'abort';
    readonly details: Dict;
    readonly reason: string;
} | {
    readonly type: 'challenge';
    readonly method: string;
} | {
    readonly type: 'goodbye';
    readonly details: Dict;
    readonly reason: string;
} | {
    readonly type: 'error';
    readonly of: number;
    readonly request: number;
    readonly uri: string;
    readonly payload: Payload;
} | {
    readonly type: 'published';
    readonly request: number;
    readonly publication: number;
} | {
    readonly type: 'subscribed';
    readonly request: number;
    readonly id: number;
    readonly details: Dict;
} | {
    readonly type: 'unsubscribed';
    readonly request: number;
    readonly revoked: Revocation | null;
} | {
    readonly type: 'event';
    readonly id: number;
    readonly publication: number;
    readonly details: Dict;
    readonly payload: Payload;
} | {
    readonly type: 'result';
    readonly request: number;
    readonly payload: Payload;
} | {
    readonly type: 'registered';
    readonly request: number;
    readonly id: number;
} | {
    readonly type: 'unregistered';
    readonly request: number;
    readonly revoked: Revocation | null;
} | {
    readonly type: 'invocation';
    readonly request: number;
    readonly id: number;
    readonly details: Dict;
    readonly payload: Payload;
} | {
    readonly type: 'malformed';
    readonly problem: string;
};
/** The end of a subscription or registration by the router: UNSUBSCRIBED or UNREGISTERED with request id 0. */
export interface Revocation {
    readonly id: number;
    readonly reason: string;
    readonly message: string;
}
/** Reads a message. An invalid one is returned as `malformed`; parse never throws. */
export declare function parse(message: unknown): Incoming;
/** Returns the value of a frame, or the frame itself if it is not JSON: `parse` then refuses it as a text. */
export declare function decode(frame: string): unknown;
/**
 * Returns the frame of a message. A text that was cut inside a character (by `slice`, for example) has half of a
 * surrogate pair, which no serialization but JSON can carry and the router refuses. It becomes U+FFFD, as in toWellFormed.
 */
export declare function encode(message: Message): string;
/** Returns the payload as the last elements of a message, without those that are empty. */
export declare function trailing({ args, kwargs }: Payload): Message;
export declare function isDict(value: unknown): value is Dict;
/** Returns the string under a key, or an empty one if the value has another type. */
export declare function textOf(dict: Dict, key: string): string;
export declare function textsOf(dict: Dict, key: string): readonly string[];
