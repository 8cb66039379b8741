/**
 * Content outdated: watches the tags of the records that a page shows and reports each change once, with the watched
 * tags that it touched. The router does not notify the tab that made the change. The author's other tabs are notified
 * with `mine` set.
 */
import type { Connection } from './connection.js';
import { textOf, textsOf, isDict } from './messages.js';
import type { Handle, TopicEvent } from './options.js';
import type { Failure } from './state.js';

export interface Change {
  readonly id: string;
  readonly tags: readonly string[]; // the watched ones
  readonly author: { readonly id: string; readonly name: string } | null;
  readonly mine: boolean; // made by this user in another tab
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

/** Milliseconds to wait for the next event of a change: the router sends one event for each tag. */
const LAG = 50;

export function watchContent(connection: Connection, tags: Iterable<string>, handlers: ContentHandlers): ContentWatch {
  const watched = new Map<string, Handle>();
  const answered = new Set<string>(); // tags that the router has granted or refused in this session
  const gather = gathering(handlers.changed);
  let setting = false; // a tag that another watch has already is answered inside subscribe
  const complete = (): boolean => watched.size > 0 && answered.size === watched.size;
  const answer = (tag: string): void => {
    answered.add(tag);
    if (!setting && complete()) handlers.ready?.();
  };
  const add = (tag: string): void => {
    const onRefused = (failure: Failure): void => {
      handlers.refused?.(tag, failure);
      if (failure.temporary !== true) answer(tag); // otherwise the answer is still to come
    };
    const receive = (event: TopicEvent): void => gather.add(changeFrom(tag, event, connection.session?.user ?? ''));
    const topic = `tidings.content.${tag}`;
    watched.set(tag, connection.subscribe(topic, receive, { onActive: () => answer(tag), onRefused }));
  };
  const remove = (tag: string, handle: Handle): void => {
    handle.release();
    watched.delete(tag);
    answered.delete(tag);
  };
  const set = (wanted: Iterable<string>): void => {
    const next = new Set(wanted);
    const added = [...next].filter((tag) => !watched.has(tag));
    const waited = !complete();
    setting = true;
    for (const [tag, handle] of [...watched]) if (!next.has(tag)) remove(tag, handle);
    added.forEach(add);
    setting = false;
    if (complete() && (waited || added.length > 0)) handlers.ready?.();
  };
  const forget = connection.onState(({ name }) => name !== 'open' && answered.clear());
  set(tags);
  return { set, stop: () => (set([]), forget(), gather.stop()) };
}

/** Merges the events of one change: a change of five tags is one call of `done`. */
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

function changeFrom(tag: string, { payload: { kwargs }, publication }: TopicEvent, user: string): Change {
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
