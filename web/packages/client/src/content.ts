/**
 * Content outdated: watches the tags of what a page shows and says once for each change which of them it touched. The
 * tab that made a change is not told of it; the author's other tabs are, and can tell.
 */
import type { Connection, Event, Handle } from './connection.js';
import { textOf, textsOf, isDict } from './messages.js';
import type { Failure } from './state.js';

export interface Change {
  readonly id: string;
  readonly tags: readonly string[]; // of those that are watched
  readonly author: { readonly id: string; readonly name: string } | null;
  readonly mine: boolean; // made by this very user, in another tab
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
  readonly refused?: (tag: string, failure: Failure) => void;
}

/** The events of one change are written one after the other; this is how long the last may lag behind, in ms. */
const LAG = 50;

export function watchContent(connection: Connection, tags: Iterable<string>, handlers: ContentHandlers): ContentWatch {
  const watched = new Map<string, Handle>();
  const gather = gathering(handlers.changed);
  const add = (tag: string): void => {
    const options = { onRefused: (failure: Failure) => handlers.refused?.(tag, failure) };
    const receive = (event: Event): void => gather.add(changeFrom(tag, event, connection.session?.user ?? ''));
    watched.set(tag, connection.subscribe(`tidings.content.${tag}`, receive, options));
  };
  const set = (wanted: Iterable<string>): void => {
    const next = new Set(wanted);
    for (const [tag, handle] of [...watched]) {
      if (next.has(tag)) continue;
      handle.release();
      watched.delete(tag);
    }
    for (const tag of next) if (!watched.has(tag)) add(tag);
  };
  set(tags);
  return { set, stop: () => (set([]), gather.stop()) };
}

/** Puts the events of one change together: one change of five tags is one message to the user. */
export function gathering(done: (change: Change) => void): { add(change: Change): void; stop(): void } {
  const open = new Map<string, { change: Change; timer: ReturnType<typeof setTimeout> }>();
  const add = (change: Change): void => {
    const known = open.get(change.id);
    if (known) clearTimeout(known.timer);
    const tags = [...new Set([...(known?.change.tags ?? []), ...change.tags])];
    const timer = setTimeout(() => {
      open.delete(change.id);
      done({ ...change, tags });
    }, LAG);
    open.set(change.id, { change: { ...change, tags }, timer });
  };
  const stop = (): void => {
    for (const { timer } of open.values()) clearTimeout(timer);
    open.clear();
  };
  return { add, stop };
}

function changeFrom(tag: string, { payload: { kwargs }, publication }: Event, user: string): Change {
  const author = isDict(kwargs['author']) ? { id: textOf(kwargs['author'], 'id'), name: textOf(kwargs['author'], 'name') } : null;
  return {
    id: textOf(kwargs, 'change') || String(publication),
    tags: [tag],
    author,
    mine: author !== null && author.id !== '' && author.id === user,
    version: textOf(kwargs, 'version') || null,
    fields: textsOf(kwargs, 'fields'),
    at: dateOf(textOf(kwargs, 'at')),
  };
}

function dateOf(text: string): Date {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? new Date() : date;
}
