/**
 * Interests: subscriptions and registrations, requested in each session anew for as long as the page wants them. Both
 * kinds share one life cycle and differ only in their message codes.
 */
import { Code, type Dict, type Incoming, type Message, type Revocation } from './messages.js';
import { withEntry, withoutEntry } from './maps.js';
import * as positions from './positions.js';
import {
  andThen, type Failure, failure, failureFrom, idKey, type Interest, type InterestKind, type Output, send, startTimer, type State,
  type Step, type Wish,
} from './state.js';

const codes = {
  subscription: { request: Code.subscribe, release: Code.unsubscribe },
  registration: { request: Code.register, release: Code.unregister },
} as const;

export function want(state: State, wish: Wish): Step {
  const known = state.interests.get(wish.key);
  const interest = wished(known ?? fresh(wish), wish);
  const kept = interest.progress.position !== null;
  switch (known?.status) {
    case 'active': return andThen([put(state, interest), [active(interest, kept ? 0 : Infinity)]], (s) => askMore(s, interest));
    case 'requested': case 'waiting': return [put(state, interest), []];
    default: return state.phase.name === 'open' ? request(state, interest) : [put(state, interest), []];
  }
}

function fresh({ key, kind, uri, match }: Wish): Interest {
  return {
    key, kind, uri, match, status: 'absent', requestId: 0, id: 0, wanted: true, tries: 0, retained: 'no', failure: null,
    progress: positions.nothing,
  };
}

/** Adds what another handler wants. */
function wished(interest: Interest, { last = 0, since, retained = false }: Wish): Interest {
  const { progress } = interest;
  return {
    ...interest, wanted: true, retained: retained && interest.retained === 'no' ? 'wanted' : interest.retained,
    progress: { ...progress, wanted: Math.max(progress.wanted, last), position: progress.position ?? since ?? null },
  };
}

export function release(state: State, key: string): Step {
  const interest = state.interests.get(key);
  if (!interest) return [state, []];
  // UNSUBSCRIBE needs the id, which the router's answer brings.
  if (interest.status === 'requested') return [put(state, { ...interest, wanted: false }), []];
  return interest.status === 'active' ? drop(state, interest) : [{ ...state, interests: withoutEntry(state.interests, key) }, []];
}

/** Requests every interest in a new session. */
export function resume(state: State): Step {
  return [...state.interests.values()].reduce<Step>((step, interest) => andThen(step, (s) => request(s, interest)), [state, []]);
}

/** Requests the interests again that were refused for a temporary reason. */
export function renew(state: State): Step {
  const waiting = [...state.interests.values()].filter(({ status }) => status === 'waiting');
  return waiting.reduce<Step>((step, interest) => andThen(step, (s) => request(s, interest)), [state, []]);
}

/** Resets the interests after the session has ended: its ids are void, and released ones are removed. */
export function forget(state: State): State {
  const interests = new Map<string, Interest>();
  for (const interest of state.interests.values()) {
    const progress = positions.interrupt(interest.progress);
    if (interest.wanted) interests.set(interest.key, { ...interest, status: 'absent', requestId: 0, id: 0, tries: 0, progress });
  }
  return { ...state, interests, ids: new Map() };
}

export function granted(state: State, kind: InterestKind, answer: { request: number; id: number; details?: Dict }): Step {
  const interest = requested(state, kind, answer.request);
  if (!interest) return [state, []];
  const [progress, gap] = positions.begin(interest.progress, answer.details ?? {}, interest.id !== 0);
  const next: Interest = { ...interest, status: 'active', requestId: 0, id: answer.id, tries: 0, failure: null, progress };
  if (!next.wanted) return drop(state, next);
  const ids = withEntry(state.ids, idKey(kind, answer.id), next.key);
  const missed: Output[] = gap && kind === 'subscription' ? [{ type: 'gap', key: next.key, gap }] : [];
  const { asked, position } = progress;
  const history = position === null ? Infinity : Number(asked) || 0;
  const again = interest.id !== 0;
  return andThen([{ ...put(state, next), ids }, [...missed, active(next, history, again)]], (s) => askMore(s, next));
}

function active({ key }: Interest, history: number, again = false): Output {
  return { type: 'interest-active', key, history, again };
}

/** Asks for the last events, or the retained one, for handlers that came after the subscription. */
function askMore(state: State, interest: Interest): Step {
  const { caughtUp, position, wanted } = interest.progress;
  if (interest.status !== 'active' || !caughtUp) return [state, []];
  const more = interest.retained === 'wanted' || (wanted > 0 && position !== null);
  return more ? request(state, interest, 'more') : [state, []];
}

export function denied(state: State, kind: InterestKind, error: Incoming & { type: 'error' }): Step {
  const interest = requested(state, kind, error.request);
  if (!interest) return [state, []];
  const cause = failureFrom(error.uri, error.payload);
  return cause.temporary === true && interest.wanted ? postponed(state, interest, cause) : refused(state, interest, cause);
}

/**
 * The router has ended the subscription or registration, because a right was withdrawn. The interest is requested
 * again in the next session, or when the page wants it again.
 */
export function revoked(state: State, kind: InterestKind, { id, reason, message }: Revocation): Step {
  const interest = state.interests.get(state.ids.get(idKey(kind, id)) ?? '');
  if (!interest) return [state, []];
  return refused(state, interest, failure(reason || 'wamp.error.not_authorized', message || `the router ended the ${kind}`));
}

/** An event without an active subscription is dropped: the router sent it before it saw UNSUBSCRIBE. */
export function event(state: State, message: Incoming & { type: 'event' }): Step {
  const { details, payload, publication } = message;
  const interest = state.interests.get(state.ids.get(idKey('subscription', message.id)) ?? '');
  if (!interest || interest.progress.resuming) return [state, []];
  const { key, progress: before } = interest;
  const { next, resume, gap, position, old, afterGap, skipped } = positions.advance(before, details);
  if (resume) return request(state, { ...interest, progress: next });
  const delivery = { uri: textOr(details, 'topic', interest.uri), details, payload };
  const changed = next.caughtUp !== before.caughtUp || next.thinned !== before.thinned;
  const outputs: Output[] = [
    ...(gap ? [{ type: 'gap', key, gap } as const] : []),
    { type: 'event', key, publication, delivery, position, old, afterGap, skipped },
    ...(changed ? [{ type: 'interest-changed', key } as const] : []),
  ];
  if (position === null && !changed && !before.missing) return [state, outputs];
  const moved = { ...interest, progress: next };
  return andThen([put(state, moved), outputs], (s) => askMore(s, moved));
}

/** Every invocation is answered, also for a procedure that was released: the caller waits for an answer. */
export function invocation(state: State, message: Incoming & { type: 'invocation' }): Output[] {
  const { request, details, payload } = message;
  const interest = state.interests.get(state.ids.get(idKey('registration', message.id)) ?? '');
  if (!interest) return send([Code.error, Code.invocation, request, {}, 'wamp.error.canceled']);
  const delivery = { uri: textOr(details, 'procedure', interest.uri), details, payload };
  return [{ type: 'invoked', key: interest.key, attempt: state.attempt, request, delivery }];
}

function request(state: State, interest: Interest, from: positions.From = 'position'): Step {
  const requestId = state.lastRequest + 1;
  const { key, kind, match } = interest;
  const [progress, start] = positions.start(interest.progress, from);
  const retained = interest.retained === 'wanted' && progress.asked === 'now' ? 'asked' : interest.retained;
  const options: Dict = {
    ...(match === 'exact' ? {} : { match }),
    ...(kind === 'subscription' ? start : {}),
    ...(retained === 'asked' && progress.asked === 'now' ? { get_retained: true } : {}),
  };
  const message: Message = [codes[kind].request, requestId, options, interest.uri];
  const next = put(state, { ...interest, status: 'requested', requestId, progress, retained });
  return [{ ...next, lastRequest: requestId }, [...send(message), { type: 'interest-changed', key }]];
}

function drop(state: State, interest: Interest): Step {
  const requestId = state.lastRequest + 1;
  const interests = withoutEntry(state.interests, interest.key);
  const ids = withoutEntry(state.ids, idKey(interest.kind, interest.id));
  return [{ ...state, interests, ids, lastRequest: requestId }, send([codes[interest.kind].release, requestId, interest.id])];
}

function refused(state: State, interest: Interest, cause: Failure): Step {
  const ids = withoutEntry(state.ids, idKey(interest.kind, interest.id));
  if (!interest.wanted) return [{ ...state, ids, interests: withoutEntry(state.interests, interest.key) }, []];
  const progress = positions.interrupt(interest.progress);
  const next = put({ ...state, ids }, { ...interest, status: 'refused', requestId: 0, id: 0, failure: cause, progress });
  return [next, [{ type: 'interest-refused', key: interest.key, failure: cause }]];
}

/** The interest is requested again later. The page is told of the first refusal in a row. */
function postponed(state: State, interest: Interest, cause: Failure): Step {
  const tries = interest.tries + 1;
  const running = [...state.interests.values()].some(({ status }) => status === 'waiting');
  const timer: Output[] = running ? [] : [startTimer('interests', tries)];
  const told: Output[] = tries > 1 ? [] : [{ type: 'interest-refused', key: interest.key, failure: cause }];
  return [put(state, { ...interest, status: 'waiting', requestId: 0, tries, failure: cause }), [...timer, ...told]];
}

function requested(state: State, kind: InterestKind, requestId: number): Interest | undefined {
  for (const interest of state.interests.values()) {
    if (interest.status === 'requested' && interest.kind === kind && interest.requestId === requestId) return interest;
  }
  return undefined;
}

function put(state: State, interest: Interest): State {
  return { ...state, interests: withEntry(state.interests, interest.key, interest) };
}

function textOr(details: Dict, key: string, fallback: string): string {
  const value = details[key];
  return typeof value === 'string' ? value : fallback;
}
