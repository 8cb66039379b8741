/**
 * Content outdated: watches the tags of the records that a page shows and reports each change once, with the watched
 * tags that it touched. The router does not notify the tab that made the change. The author's other tabs are notified
 * with `mine` set.
 */
import type { Connection } from './connection.js';
import type { Failure } from './state.js';
export interface Change {
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
}
export interface ContentWatch {
    /** Replaces the watched tags. */
    set(tags: Iterable<string>): void;
    stop(): void;
}
export interface ContentHandlers {
    readonly changed: (change: Change) => void;
    /**
     * Called in each session when the router has answered for every tag. Earlier changes were not reported: compare
     * versions now.
     */
    readonly ready?: () => void;
    readonly refused?: (tag: string, failure: Failure) => void;
}
export declare function watchContent(connection: Connection, tags: Iterable<string>, handlers: ContentHandlers): ContentWatch;
/** Merges the events of one change: a change of five tags is one call of `done`. */
export declare function gathering(done: (change: Change) => void): {
    add(change: Change): void;
    stop(): void;
};
