/**
 * Positions: how far a subscription has come in what the router keeps. Each event names its position and that of the event
 * before it, so that the page resumes where it was, and notices what is missing.
 */
import type { Dict } from './messages.js';
/** A place in the order of all kept publications. The epoch names the router's log, and a seq is valid in it alone. */
export interface Position {
    readonly epoch: string;
    readonly seq: number;
}
/** Some events are missing and cannot be had: the page should load anew what it shows. */
export interface Gap {
    readonly kept: boolean;
    readonly oldest: number | null;
}
/** How far a subscription has come. */
export interface Progress {
    readonly position: Position | null;
    readonly wanted: number;
    readonly asked: 'now' | 'since' | number;
    readonly boundary: number;
    readonly caughtUp: boolean;
    readonly reached: boolean;
    readonly resuming: boolean;
    readonly retried: boolean;
    readonly lossy: boolean;
    readonly thinned: boolean;
    readonly missing: boolean;
}
export declare const nothing: Progress;
/** Where a request begins: at the position if it is known, or with what handlers want that came later. */
export type From = 'position' | 'more';
/** Returns the options of the next SUBSCRIBE. */
export declare function start(progress: Progress, from: From): [Progress, Dict];
/** Applies SUBSCRIBED. `again` means that the subscription was active before in this session. */
export declare function begin(before: Progress, details: Dict, again: boolean): [Progress, Gap | null];
/** The verdict on an event: it is delivered, or the subscription resumes because one before it is missing. */
export interface Advance {
    readonly next: Progress;
    readonly resume: boolean;
    readonly gap: Gap | null;
    readonly old: boolean;
    readonly afterGap: boolean;
    readonly skipped: number;
    readonly position: Position | null;
}
/** Applies an event. */
export declare function advance(before: Progress, details: Dict): Advance;
/** Returns the progress after the end of a session. */
export declare function interrupt(progress: Progress): Progress;
export declare function positionFrom(details: Dict): Position | null;
