/**
 * Content outdated: watches the tags of the records that a page shows and reports each change once, with the watched
 * tags that it touched. The router does not notify the tab that made the change. The author's other tabs are notified
 * with `mine` set. A page that was away is told once of each tag that has changed, by the newest change.
 */
import type { Connection } from './connection.js';
import { textOf, textsOf, isDict } from './messages.js';
import type { Subscription, TopicEvent } from './options.js';
import type { Failure } from './state.js';

export interface Change {
  readonly id: string;
  readonly tags: readonly string[]; // the watched ones
  readonly author: { readonly id: string; readonly name: string } | null;
  readonly mine: boolean; // made by this user in another tab
  readonly version: string | null;
  readonly fields: readonly string[];
  readonly at: Date;
  readonly count: number; // of changes: this one, and older ones of the tag that the page has missed
}

export interface ContentWatch {
  /** Replaces the watched tags. */
  set(tags: Iterable<string>): void;
  stop(): void;
}

/** A tag that the router does not let this page watch. */
export interface RefusedTag {
  readonly tag: string;
  readonly failure: Failure;
}

export interface ContentHandlers {
  readonly changed: (change: Change) => void;
  /**
   * Called in each session when every tag is watched or refused, and after `changed` for what was missed. Changes before
   * the first session were not reported: compare versions then.
   */
  readonly ready?: (answer: { readonly refused: readonly RefusedTag[] }) => void;
  readonly refused?: (tag: string, failure: Failure) => void;
  /** Called when changes of a tag may have been missed that are no longer kept: load anew what the page shows of it. */
  readonly gap?: (tag: string) => void;
}

/** Milliseconds to wait for the next event of a change: the router sends one event for each tag. */
const LAG = 50;

export function watchContent(connection: Connection, tags: Iterable<string>, handlers: ContentHandlers): ContentWatch {
  const watched = new Map<string, Tag>();
  const gather = gathering(handlers.changed);
  let setting = false; // a tag that another watch has already is answered inside subscribe
  const complete = (): boolean => watched.size > 0 && [...watched.values()].every(({ answered }) => answered);
  const ready = (): void => {
    gather.flush();
    handlers.ready?.({ refused: [...watched].flatMap(([tag, { failure }]) => (failure ? [{ tag, failure }] : [])) });
  };
  const answer = (): void => {
    if (!setting && complete()) ready();
  };
  const set = (wanted: Iterable<string>): void => {
    const next = new Set(wanted);
    const added = [...next].filter((tag) => !watched.has(tag));
    const waited = !complete();
    setting = true;
    for (const [tag, watch] of [...watched]) if (!next.has(tag)) (watch.stop(), watched.delete(tag));
    for (const tag of added) watched.set(tag, new Tag(connection, tag, handlers, gather.add, answer));
    setting = false;
    if (complete() && (waited || added.length > 0)) ready();
  };
  const forget = connection.onState(({ name }) => name !== 'open' && watched.forEach((tag) => tag.forget()));
  set(tags);
  return { set, stop: () => (set([]), forget(), gather.stop()) };
}

/** The watch of one tag. While it catches up, it keeps the newest change. */
class Tag {
  answered = false; // in this session: what was missed is here, or the router has refused
  failure: Failure | null = null;
  readonly #subscription: Subscription;
  readonly #unwatch: () => void;
  readonly #done: (change: Change) => void;
  readonly #answer: () => void;
  #missed: Change | null = null;

  constructor(connection: Connection, tag: string, handlers: ContentHandlers, done: (change: Change) => void, answer: () => void) {
    this.#done = done;
    this.#answer = answer;
    const receive = (event: TopicEvent): void => this.#receive(changeFrom(tag, event, connection.session?.user ?? ''));
    this.#subscription = connection.subscribe(`tidings.content.${tag}`, receive, {
      onActive: () => this.#settle(),
      onGap: () => handlers.gap?.(tag),
      onRefused: (failure) => {
        this.failure = failure;
        handlers.refused?.(tag, failure);
        if (failure.temporary !== true) this.#settled(); // otherwise the answer is still to come
      },
    });
    this.#unwatch = this.#subscription.onStatus(() => this.#settle());
    this.#settle();
  }

  stop(): void {
    this.#unwatch();
    this.#subscription.release();
  }

  /** The session has ended. What was missed before is reported when the next one has caught up. */
  forget(): void {
    this.answered = false;
  }

  #receive(change: Change): void {
    if (this.#subscription.status.state !== 'catching up') return this.#done(change);
    const { count = 0, mine = true } = this.#missed ?? {};
    this.#missed = { ...change, count: count + 1, mine: mine && change.mine };
  }

  /** Reports what was missed, once everything is here. */
  #settle(): void {
    const state = (this.#subscription as Subscription | undefined)?.status.state; // it may be called inside subscribe
    if (state !== 'live' && state !== 'thinned') return;
    this.failure = null;
    if (this.#missed) this.#done(this.#missed);
    this.#missed = null;
    if (!this.answered) this.#settled();
  }

  #settled(): void {
    this.answered = true;
    this.#answer();
  }
}

/** Merges the events of one change: a change of five tags is one call of `done`. */
export function gathering(done: (change: Change) => void): { add(change: Change): void; flush(): void; stop(): void } {
  const open = new Map<string, { change: Change; timer: ReturnType<typeof setTimeout> }>();
  const finish = (id: string): void => {
    const found = open.get(id);
    clearTimeout(found?.timer);
    if (open.delete(id)) done(found!.change);
  };
  const add = (change: Change): void => {
    const known = open.get(change.id);
    clearTimeout(known?.timer);
    const tags = [...new Set([...(known?.change.tags ?? []), ...change.tags])];
    open.set(change.id, { change: { ...change, tags }, timer: setTimeout(() => finish(change.id), LAG) });
  };
  const stop = (): void => {
    for (const { timer } of open.values()) clearTimeout(timer);
    open.clear();
  };
  return { add, stop, flush: () => [...open.keys()].forEach(finish) };
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
    count: 1,
  };
}

function dateOf(text: string): Date {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? new Date() : date;
}
