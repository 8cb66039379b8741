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
export interface PresenceChange {
    readonly kind: 'join' | 'leave' | 'mode';
    readonly id: string;
    readonly name: string;
}
export interface PresenceUpdate {
    /** All people; if there are more than a hundred, some of them. */
    readonly people: readonly Person[];
    readonly count: number;
    /** What led here, without tabs that were opened or closed. Empty in the first update of each session. */
    readonly changes: readonly PresenceChange[];
    /** The change if it is a single one, else null. */
    readonly change: PresenceChange | null;
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
/** The people at a record after an event. */
export interface Roster {
    readonly revision: number;
    readonly people: readonly Person[];
    readonly count: number;
}
/**
 * Applies an event: the list of people, or the differences to the event with the revision `since`. Differences have
 * the newest state of each person, so applying some of them twice is harmless. 'gap' means that an event is missing,
 * 'known' that the list is newer.
 */
export declare function follow(roster: Roster | null, kwargs: Dict): Roster | 'gap' | 'known';
