/** Presence: the people who view or edit a record. All tabs of a user are one person. */
import { backoff } from './backoff.js';
import type { Connection } from './connection.js';
import { Failed } from './failure.js';
import { type Dict, isDict, textOf } from './messages.js';
import type { TopicEvent } from './options.js';

export type Mode = 'view' | 'edit';

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly mode: Mode; // 'edit' if one of the person's tabs edits
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
  readonly count: number; // of all people there
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
export function enterPresence(connection: Connection, record: string, mode: Mode, handlers: PresenceHandlers): Presence {
  let current = mode;
  let here = true;
  const refuse = (error: unknown): void => {
    const failed = Failed.from(error);
    // A call that was lost with the connection is repeated in the next session.
    if (!here || failed.failure.uri === 'wamp.error.network_failure') return;
    connection.reportRefusal('presence', record, failed.failure);
    handlers.refused?.(failed);
  };
  let tries = 0;
  let later: ReturnType<typeof setTimeout> | undefined;
  /** A refusal that is temporary is tried again later, and the page is told of the first in a row. */
  const refuseEntry = (error: unknown): void => {
    const { failure } = Failed.from(error);
    const lost = failure.uri === 'wamp.error.network_failure';
    if (!failure.temporary || lost) return refuse(error);
    if (here) later = setTimeout(enter, backoff(++tries, Math.random()));
    if (tries === 1) refuse(error);
  };
  const enter = (): void => {
    clearTimeout(later);
    if (connection.state.name !== 'open') return;
    connection.call('tidings.presence.enter', { kwargs: { record, mode: current } }).then(() => (tries = 0), refuseEntry);
  };
  let asking = false;
  const askForList = (): void => {
    if (asking || connection.state.name !== 'open') return;
    asking = true;
    // Without an answer the next event shows the gap again.
    connection.call('tidings.presence.refresh', { kwargs: { record } }).catch(() => undefined).finally(() => (asking = false));
  };
  let roster: Roster | null = null;
  const receive = (event: TopicEvent): void => {
    const next = follow(roster, event.payload.kwargs);
    if (next === 'gap') return askForList();
    if (next === 'known') return;
    const changes = roster ? changesBetween(roster.people, next.people) : [];
    roster = next;
    handlers.changed({ people: next.people, count: next.count, changes, change: changes.length === 1 ? changes[0]! : null });
  };
  const handle = connection.subscribe(`tidings.presence.${record}`, receive, {
    onRefused: (failure) => here && handlers.refused?.(new Failed(failure)),
  });
  const stop = connection.onState(({ name }) => {
    if (name !== 'open') return;
    roster = null; // the router sends the list to each new subscription
    enter();
  });
  enter();
  return {
    record,
    setMode: (next) => {
      if (!here || next === current) return;
      current = next;
      enter();
    },
    leave: () => {
      if (!here) return;
      here = false;
      clearTimeout(later);
      stop();
      handle.release();
      if (connection.state.name !== 'open') return; // the router has removed the lost session already
      connection.call('tidings.presence.leave', { kwargs: { record } }).catch(refuse);
    },
  };
}

/** Returns the people without the given user. */
export function others(people: readonly Person[], user: string): readonly Person[] {
  return people.filter(({ id }) => id !== user);
}

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
export function follow(roster: Roster | null, kwargs: Dict): Roster | 'gap' | 'known' {
  const revision = numberOf(kwargs, 'revision');
  const people = kwargs['people'];
  if (Array.isArray(people)) {
    const list = personsFrom(people);
    return { revision, people: list, count: numberOf(kwargs, 'count', list.length) };
  }
  if (!roster || numberOf(kwargs, 'since') > roster.revision) return 'gap';
  if (revision <= roster.revision) return 'known';
  const next = new Map(roster.people.map((person) => [person.id, person]));
  const left = kwargs['left'];
  for (const id of Array.isArray(left) ? left : []) next.delete(id);
  for (const person of [...personsFrom(kwargs['changed']), ...personsFrom(kwargs['joined'])]) next.set(person.id, person);
  const count = numberOf(kwargs, 'count', next.size);
  const complete = count > LISTED ? next.size > LISTED / 2 : next.size === count; // a crowd that shrinks is listed anew
  return complete ? { revision, people: [...next.values()], count } : 'gap';
}

const LISTED = 100; // the people that the server lists at most

function changesBetween(before: readonly Person[], after: readonly Person[]): PresenceChange[] {
  const was = new Map(before.map((person) => [person.id, person]));
  const is = new Set(after.map(({ id }) => id));
  const gone = before.filter(({ id }) => !is.has(id)).map(({ id, name }) => ({ kind: 'leave' as const, id, name }));
  const rest = after.flatMap(({ id, name, mode }) => {
    const former = was.get(id);
    if (former?.mode === mode) return [];
    return [{ kind: former ? 'mode' as const : 'join' as const, id, name }];
  });
  return [...gone, ...rest];
}

function personsFrom(list: unknown): Person[] {
  return Array.isArray(list) ? list.filter(isDict).map(personFrom) : [];
}

function numberOf(dict: Dict, key: string, fallback = 0): number {
  const value = dict[key];
  return typeof value === 'number' ? value : fallback;
}

function personFrom(person: Dict): Person {
  const tabs = person['tabs'];
  return {
    id: textOf(person, 'id'),
    name: textOf(person, 'name') || textOf(person, 'id'),
    mode: person['mode'] === 'edit' ? 'edit' : 'view',
    tabs: typeof tabs === 'number' ? tabs : 1,
  };
}
