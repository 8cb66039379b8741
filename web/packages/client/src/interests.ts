/**
 * Interests: subscriptions and registrations, requested in each session anew for as long as the page wants them. Both
 * kinds share one life cycle and differ only in their message codes.
 */
import { Code, type Dict, type Incoming, type Match, type Message, type Revocation } from './messages.js';
import {
  type Failure, failure, failureFrom, idKey, type Interest, type InterestKind, type Output, send, type State, type Step, andThen,
  withEntry, withoutEntry,
} from './state.js';

const codes = {
  subscription: { request: Code.subscribe, release: Code.unsubscribe },
  registration: { request: Code.register, release: Code.unregister },
} as const;

export function want(state: State, wanted: { key: string; kind: InterestKind; uri: string; match: Match }): Step {
  const interest = state.interests.get(wanted.key);
  if (interest?.status === 'active') return [state, [{ type: 'interest-active', key: wanted.key }]];
  if (interest?.status === 'requested') return [put(state, { ...interest, wanted: true }), []];
  if (interest?.status === 'waiting') return [state, []];
  const { key, kind, uri, match } = wanted;
  const fresh: Interest = { key, kind, uri, match, status: 'absent', requestId: 0, id: 0, wanted: true, tries: 0 };
  return state.phase.name === 'open' ? request(state, fresh) : [put(state, fresh), []];
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
    if (interest.wanted) interests.set(interest.key, { ...interest, status: 'absent', requestId: 0, id: 0, tries: 0 });
  }
  return { ...state, interests, ids: new Map() };
}

export function granted(state: State, kind: InterestKind, answer: { request: number; id: number }): Step {
  const interest = requested(state, kind, answer.request);
  if (!interest) return [state, []];
  const active: Interest = { ...interest, status: 'active', requestId: 0, id: answer.id, tries: 0 };
  if (!active.wanted) return drop(state, active);
  const ids = withEntry(state.ids, idKey(kind, answer.id), active.key);
  return [{ ...put(state, active), ids }, [{ type: 'interest-active', key: active.key }]];
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
export function revoked(state: State, kind: InterestKind, { id, reason }: Revocation): Step {
  const interest = state.interests.get(state.ids.get(idKey(kind, id)) ?? '');
  if (!interest) return [state, []];
  return refused(state, interest, failure(reason || 'wamp.error.not_authorized', `the router ended the ${kind}`));
}

/** An event without an active subscription is dropped: the router sent it before it saw UNSUBSCRIBE. */
export function event(state: State, message: Incoming & { type: 'event' }): Output[] {
  const interest = state.interests.get(state.ids.get(idKey('subscription', message.id)) ?? '');
  if (!interest) return [];
  const uri = textOr(message.details, 'topic', interest.uri);
  const delivery = { uri, details: message.details, payload: message.payload };
  return [{ type: 'event', key: interest.key, publication: message.publication, delivery }];
}

/** Every invocation is answered, also for a procedure that was released: the caller waits for an answer. */
export function invocation(state: State, message: Incoming & { type: 'invocation' }): Output[] {
  const { request, details, payload } = message;
  const interest = state.interests.get(state.ids.get(idKey('registration', message.id)) ?? '');
  if (!interest) return send([Code.error, Code.invocation, request, {}, 'wamp.error.canceled']);
  const delivery = { uri: textOr(details, 'procedure', interest.uri), details, payload };
  return [{ type: 'invoked', key: interest.key, attempt: state.attempt, request, delivery }];
}

function request(state: State, interest: Interest): Step {
  const requestId = state.lastRequest + 1;
  const options: Dict = interest.match === 'exact' ? {} : { match: interest.match };
  const message: Message = [codes[interest.kind].request, requestId, options, interest.uri];
  return [{ ...put(state, { ...interest, status: 'requested', requestId }), lastRequest: requestId }, send(message)];
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
  const next = put({ ...state, ids }, { ...interest, status: 'refused', requestId: 0, id: 0 });
  return [next, [{ type: 'interest-refused', key: interest.key, failure: cause }]];
}

/** The interest is requested again later. The page is told of the first refusal in a row. */
function postponed(state: State, interest: Interest, cause: Failure): Step {
  const tries = interest.tries + 1;
  const running = [...state.interests.values()].some(({ status }) => status === 'waiting');
  const timer: Output[] = running ? [] : [{ type: 'start-timer', timer: 'interests', tries }];
  const told: Output[] = tries > 1 ? [] : [{ type: 'interest-refused', key: interest.key, failure: cause }];
  return [put(state, { ...interest, status: 'waiting', requestId: 0, tries }), [...timer, ...told]];
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
