/** Presence: the people who view or edit a record. All tabs of a user are one person. */
import type { Connection, TopicEvent } from './connection.js';
import { Failed } from './failure.js';
import { type Dict, isDict, textOf } from './messages.js';

export type Mode = 'view' | 'edit';

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly mode: Mode; // 'edit' if one of the person's tabs edits
  readonly tabs: number;
}

export interface PresenceUpdate {
  readonly people: readonly Person[];
  /** Null in the first update of each session, which is the state and not a change. */
  readonly change: { readonly kind: 'join' | 'leave' | 'mode'; readonly id: string; readonly name: string } | null;
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
    if (here && failed.failure.uri !== 'wamp.error.network_failure') handlers.refused?.(failed);
  };
  const enter = (): void => {
    if (connection.state.name !== 'open') return;
    connection.call('tidings.presence.enter', { kwargs: { record, mode: current } }).catch(refuse);
  };
  const receive = (event: TopicEvent): void => handlers.changed(updateFrom(event.payload.kwargs));
  const handle = connection.subscribe(`tidings.presence.${record}`, receive, {
    onRefused: (failure) => refuse(new Failed(failure)),
  });
  const stop = connection.onState(({ name }) => name === 'open' && enter());
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

export function updateFrom(kwargs: Dict): PresenceUpdate {
  const people = kwargs['people'];
  return { people: Array.isArray(people) ? people.filter(isDict).map(personFrom) : [], change: changeFrom(kwargs['change']) };
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

function changeFrom(change: unknown): PresenceUpdate['change'] {
  if (!isDict(change)) return null;
  const kind = change['kind'];
  if (kind !== 'join' && kind !== 'leave' && kind !== 'mode') return null;
  return { kind, id: textOf(change, 'id'), name: textOf(change, 'name') };
}
