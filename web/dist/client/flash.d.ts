/** Flash notifications: short messages to one user, shown once in each of the user's browsers, in a tab that is visible. */
import type { Connection } from './connection.js';
import { type Payload } from './messages.js';
import type { Handle } from './options.js';
export type Level = 'info' | 'success' | 'warning' | 'error';
export interface Flash {
    readonly level: Level;
    readonly title: string;
    readonly text: string;
    readonly href: string;
}
export interface FlashOptions {
    /** Returns the topic of a user's messages; by default `user.{id}.flash`. */
    readonly topic?: (user: string) => string;
    /** Shows each message in every tab of the browser. */
    readonly everywhere?: boolean;
}
/** Shows the messages to the session's user. After a reconnect as another user it follows that user. */
export declare function watchFlash(connection: Connection, show: (flash: Flash) => void, options?: FlashOptions): Handle;
/** Reads a message: a text as args[0], or its parts as kwargs or as an object in args[0]. */
export declare function flashFrom({ args, kwargs }: Payload): Flash;
