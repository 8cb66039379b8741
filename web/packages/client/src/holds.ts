/**
 * Subscriptions and registrations: asked for in every session anew, for as long as the page wants them. They differ
 * only in their message codes, so one life cycle serves both.
 */
import { Code, type Dict, type Incoming, type Match, type Message, type Revocation } from './messages.js';
import {
  type Failure, failure, failureFrom, type Hold, type HoldKind, idKey, type Output, send, type State, type Step, andThen,
  withEntry, withoutEntry,
} from './state.js';

const codes = {
  subscription: { ask: Code.subscribe, release: Code.unsubscribe },
  registration: { ask: Code.register, release: Code.unregister },
} as const;

export function hold(state: State, wish: { key: string; kind: HoldKind; uri: string; match: Match }): Step {
  const known = state.holds.get(wish.key);
  if (known?.status === 'held') return [state, [{ type: 'held', key: wish.key }]];
  if (known?.status === 'asked') return [put(state, { ...known, wanted: true }), []];
  const { key, kind, uri, match } = wish;
  const fresh: Hold = { key, kind, uri, match, status: 'absent', number: 0, wanted: true };
  return state.phase.name === 'open' ? ask(state, fresh) : [put(state, fresh), []];
}

export function release(state: State, key: string): Step {
  const known = state.holds.get(key);
  if (!known) return [state, []];
  // The answer to an asked one is still to come, and only it brings the id that letting go needs.
  if (known.status === 'asked') return [put(state, { ...known, wanted: false }), []];
  return known.status === 'held' ? letGo(state, known) : [{ ...state, holds: withoutEntry(state.holds, key) }, []];
}

/** Asks for everything again in a new session. */
export function resume(state: State): Step {
  return [...state.holds.values()].reduce<Step>((step, known) => andThen(step, (s) => ask(s, known)), [state, []]);
}

/** The session is gone, and with it every id. */
export function forget(state: State): State {
  const holds = new Map<string, Hold>();
  for (const known of state.holds.values()) {
    if (known.wanted) holds.set(known.key, { ...known, status: 'absent', number: 0 });
  }
  return { ...state, holds, ids: new Map() };
}

export function granted(state: State, kind: HoldKind, answer: { request: number; id: number }): Step {
  const known = asked(state, kind, answer.request);
  if (!known) return [state, []];
  const held: Hold = { ...known, status: 'held', number: answer.id };
  if (!held.wanted) return letGo(state, held);
  const ids = withEntry(state.ids, idKey(kind, answer.id), held.key);
  return [{ ...put(state, held), ids }, [{ type: 'held', key: held.key }]];
}

export function denied(state: State, kind: HoldKind, error: Incoming & { type: 'error' }): Step {
  const known = asked(state, kind, error.request);
  if (!known) return [state, []];
  return refused(state, known, failureFrom(error.uri, error.payload));
}

/** The router took it back: rights were withdrawn. Asked again only in the next session, or when the page asks. */
export function revoked(state: State, kind: HoldKind, { id, reason }: Revocation): Step {
  const known = state.holds.get(state.ids.get(idKey(kind, id)) ?? '');
  if (!known) return [state, []];
  return refused(state, known, failure(reason || 'wamp.error.not_authorized', `the router ended the ${kind}`));
}

/**
 * An event of a subscription that is not held is no fault: it was on its way while the page let go of it.
 */
export function event(state: State, message: Incoming & { type: 'event' }): Output[] {
  const known = state.holds.get(state.ids.get(idKey('subscription', message.id)) ?? '');
  if (!known) return [];
  const uri = textOr(message.details, 'topic', known.uri);
  const delivery = { uri, details: message.details, payload: message.payload };
  return [{ type: 'event', key: known.key, publication: message.publication, delivery }];
}

/** An invocation is answered whatever happens, or the caller waits for nothing. */
export function invocation(state: State, message: Incoming & { type: 'invocation' }): Output[] {
  const { request, details, payload } = message;
  const known = state.holds.get(state.ids.get(idKey('registration', message.id)) ?? '');
  if (!known) return send([Code.error, Code.invocation, request, {}, 'wamp.error.canceled']);
  const delivery = { uri: textOr(details, 'procedure', known.uri), details, payload };
  return [{ type: 'invoked', key: known.key, attempt: state.attempt, request, delivery }];
}

function ask(state: State, known: Hold): Step {
  const number = state.lastRequest + 1;
  const options: Dict = known.match === 'exact' ? {} : { match: known.match };
  const message: Message = [codes[known.kind].ask, number, options, known.uri];
  return [{ ...put(state, { ...known, status: 'asked', number }), lastRequest: number }, send(message)];
}

function letGo(state: State, known: Hold): Step {
  const request = state.lastRequest + 1;
  const holds = withoutEntry(state.holds, known.key);
  const ids = withoutEntry(state.ids, idKey(known.kind, known.number));
  return [{ ...state, holds, ids, lastRequest: request }, send([codes[known.kind].release, request, known.number])];
}

function refused(state: State, known: Hold, why: Failure): Step {
  const ids = withoutEntry(state.ids, idKey(known.kind, known.number));
  if (!known.wanted) return [{ ...state, ids, holds: withoutEntry(state.holds, known.key) }, []];
  const next = put({ ...state, ids }, { ...known, status: 'refused', number: 0 });
  return [next, [{ type: 'hold-refused', key: known.key, failure: why }]];
}

function asked(state: State, kind: HoldKind, request: number): Hold | undefined {
  for (const known of state.holds.values()) {
    if (known.status === 'asked' && known.kind === kind && known.number === request) return known;
  }
  return undefined;
}

function put(state: State, known: Hold): State {
  return { ...state, holds: withEntry(state.holds, known.key, known) };
}

function textOr(details: Dict, key: string, fallback: string): string {
  const value = details[key];
  return typeof value === 'string' ? value : fallback;
}
