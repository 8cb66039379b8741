/** Flash notifications: short messages to one user, on all of that user's pages and on nobody else's. */
import type { Connection, Handle } from './connection.js';
import { type Payload } from './messages.js';
export type Level = 'info' | 'success' | 'warning' | 'error';
export interface Flash {
    readonly level: Level;
    readonly title: string;
    readonly text: string;
    readonly href: string;
}
export interface FlashOptions {
    /** The topic of a user's messages; default `user.{id}.flash`. */
    readonly topic?: (user: string) => string;
}
/** Follows the user of the session, whoever that is after a reconnect. */
export declare function watchFlash(connection: Connection, show: (flash: Flash) => void, options?: FlashOptions): Handle;
/** Whatever the backend sends becomes something to read: a text as args[0], the parts as kwargs or as an object. */
export declare function flashFrom({ args, kwargs }: Payload): Flash;
