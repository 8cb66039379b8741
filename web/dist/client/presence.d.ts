/** Presence: the people who view or edit a record. All tabs of a user are one person. */
import type { Connection } from './connection.js';
import { Failed } from './failure.js';
import { type Dict } from './messages.js';
export type Mode = 'view' | 'edit';
export interface Person {
    readonly id: string;
    readonly name: string;
    readonly mode: Mode;
    readonly tabs: number;
}
export interface PresenceUpdate {
    readonly people: readonly Person[];
    /** Null in the first update of each session, which is the state and not a change. */
    readonly change: {
        readonly kind: 'join' | 'leave' | 'mode';
        readonly id: string;
        readonly name: string;
    } | null;
}
export interface PresenceHandlers {
    readonly changed: (update: PresenceUpdate) => void;
    readonly refused?: (failed: Failed) => void;
}
export interface Presence {
    readonly record: string;
    setMode(mode: Mode): void;
    leave(): void;
}
/** Enters a record, and enters it again after each reconnect, until `leave`. */
export declare function enterPresence(connection: Connection, record: string, mode: Mode, handlers: PresenceHandlers): Presence;
/** Returns the people without the given user. */
export declare function others(people: readonly Person[], user: string): readonly Person[];
export declare function updateFrom(kwargs: Dict): PresenceUpdate;
