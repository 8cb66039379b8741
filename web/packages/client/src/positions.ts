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
  readonly kept: boolean; // false: nothing is kept of the topic, so that the router cannot say whether something was missed
  readonly oldest: number | null; // the seq of the oldest event that is kept
}

/** How far a subscription has come. */
export interface Progress {
  readonly position: Position | null; // of the last event; null: unknown, or nothing is kept
  readonly wanted: number; // of the last events, for handlers that have not got them; asked for when it has caught up
  readonly asked: 'now' | 'since' | number; // where the last request has begun; a number: with so many of the last events
  readonly boundary: number; // events up to this seq are for the handlers that want the last ones
  readonly caughtUp: boolean;
  readonly reached: boolean; // it was active at some time, so that something may have been missed since
  readonly resuming: boolean; // events are dropped, because they come again after the answer to the request
  readonly retried: boolean; // it has resumed because an event was missing, and has had none that continues
  readonly lossy: boolean; // the router leaves out events in this session, so that gaps mean nothing
  readonly thinned: boolean; // it has left out events before the last one
  readonly missing: boolean; // the next event follows on a gap
}

export const nothing: Progress = {
  position: null, wanted: 0, asked: 'now', boundary: 0, caughtUp: false, reached: false, resuming: false, retried: false,
  lossy: false, thinned: false, missing: false,
};

/** Where a request begins: at the position if it is known, or with what handlers want that came later. */
export type From = 'position' | 'more';

/** Returns the options of the next SUBSCRIBE. */
export function start(progress: Progress, from: From): [Progress, Dict] {
  const { position, wanted } = progress;
  if (position !== null && from === 'position') return [{ ...progress, asked: 'since' }, { _since: { _epoch: position.epoch, _seq: position.seq } }];
  return wanted > 0 ? [{ ...progress, asked: wanted }, { _last: wanted }] : [{ ...progress, asked: 'now' }, { _positions: true }];
}

/** Applies SUBSCRIBED. `again` means that the subscription was active before in this session. */
export function begin(before: Progress, details: Dict, again: boolean): [Progress, Gap | null] {
  const { asked } = before;
  const position = positionFrom(details);
  const unknown = asked === 'now' ? before.reached && !again : asked === 'since' && position === null;
  const gap = details['_gap'] === true || unknown ? { kept: position !== null, oldest: numberFrom(details, '_oldest') } : null;
  const same = position !== null && before.position?.epoch === position.epoch;
  const kept = same ? before.boundary : 0;
  const caughtUp = asked === 'now' || position === null || details['_live'] === true;
  const replayed = same ? before.position!.seq : Infinity; // without a position the events until `_live` are the last ones
  return [{
    ...before, position, caughtUp, reached: true, resuming: false, thinned: false, missing: before.missing || gap !== null,
    wanted: position === null || asked === before.wanted ? 0 : before.wanted,
    boundary: typeof asked === 'number' && !caughtUp ? replayed : kept,
  }, gap];
}

/** The verdict on an event: it is delivered, or the subscription resumes because one before it is missing. */
export interface Advance {
  readonly next: Progress;
  readonly resume: boolean;
  readonly gap: Gap | null;
  readonly old: boolean; // only for handlers that want the last events
  readonly afterGap: boolean;
  readonly skipped: number;
  readonly position: Position | null;
}

/** Applies an event. */
export function advance(before: Progress, details: Dict): Advance {
  const position = positionFrom(details);
  const skipped = numberFrom(details, '_skipped') ?? 0;
  const lossy = before.lossy || skipped > 0;
  const known = before.position;
  const lost = details['_gap'] === true; // the router keeps it no longer
  const torn = position !== null && known !== null && position.epoch !== known.epoch;
  const jump = torn || (position !== null && known !== null && !lossy && (numberFrom(details, '_prev') ?? 0) > known.seq);
  const resume = jump && !torn && !lost && !before.retried;
  const gap = lost || (jump && !resume) ? { kept: true, oldest: null } : null;
  const caughtUp = before.caughtUp || details['_live'] === true;
  const next = {
    ...before, lossy, caughtUp, thinned: skipped > 0, missing: false, retried: jump, position: position ?? known,
    boundary: torn || (caughtUp && before.boundary === Infinity) ? 0 : before.boundary,
  };
  return {
    next: resume ? { ...before, resuming: true, retried: true, caughtUp: false } : next, resume, gap, position, skipped,
    old: position !== null && !torn && position.seq <= before.boundary, afterGap: before.missing || gap !== null,
  };
}

/** Returns the progress after the end of a session. */
export function interrupt(progress: Progress): Progress {
  return { ...progress, caughtUp: false, resuming: false, retried: false, lossy: false, thinned: false };
}

export function positionFrom(details: Dict): Position | null {
  const epoch = details['_epoch'];
  const seq = numberFrom(details, '_seq');
  return typeof epoch === 'string' && seq !== null ? { epoch, seq } : null;
}

function numberFrom(dict: Dict, key: string): number | null {
  const value = dict[key];
  return typeof value === 'number' ? value : null;
}
