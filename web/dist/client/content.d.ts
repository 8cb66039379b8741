/**
 * Content outdated: watches the tags of what a page shows and says once for each change which of them it touched. The
 * tab that made a change is not told of it; the author's other tabs are, and can tell.
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
    /** Watches exactly these tags from now on. */
    set(tags: Iterable<string>): void;
    stop(): void;
}
export interface ContentHandlers {
    readonly changed: (change: Change) => void;
    /** Every tag is watched, in each session anew: what changed before was not told, so now is the time to compare. */
    readonly ready?: () => void;
    readonly refused?: (tag: string, failure: Failure) => void;
}
export declare function watchContent(connection: Connection, tags: Iterable<string>, handlers: ContentHandlers): ContentWatch;
/** Puts the events of one change together: one change of five tags is one message to the user. */
export declare function gathering(done: (change: Change) => void): {
    add(change: Change): void;
    stop(): void;
};
