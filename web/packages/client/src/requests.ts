/**
 * Calls and acknowledged publications. They wait for a session, within the limits of the queue. Each is settled once: by
 * its answer, by its timeout, by the page, or by the end of the session in which it was sent. Those that may be repeated
 * return to the queue then.
 */
import { withEntry, withoutEntry } from './maps.js';
import { Code, type Incoming, type Message, type Payload, trailing } from './messages.js';
import {
  type Failure, failure, failureFrom, type Output, type Request, send, type State, type Step, andThen,
} from './state.js';

const codes = { call: Code.call, publish: Code.publish } as const;

/** Sends a request, or queues it until there is a session. The shell's timer limits the wait (`expire`). */
export function request(state: State, unsent: Omit<Request, 'requestId'>): Step {
  const ended = state.phase.name === 'closed' || state.phase.name === 'closing' || state.phase.name === 'refused';
  const waiting: Request = { ...unsent, requestId: null };
  if (state.phase.name === 'open') return dispatch(state, waiting);
  const refusal = ended ? notConnected : overLimit(state, waiting);
  return refusal ? [state, [{ type: 'failed', token: unsent.token, failure: refusal }]] : [put(state, waiting), []];
}

/** Returns why the queue has no room for a request, or null. */
function overLimit({ config: { queue }, requests }: State, { bytes }: Request): Failure | null {
  const waiting = [...requests.values()].filter(({ requestId }) => requestId === null);
  const sum = waiting.reduce((total, pending) => total + pending.bytes, bytes);
  if (waiting.length < queue.requests && sum <= queue.bytes) return null;
  return failure('tidings.error.limit_exceeded',
    `the queue is full: ${waiting.length} requests wait for a connection (at most ${queue.requests}, with ${queue.bytes} bytes); try again when it is open`);
}

/** Fails what waits for the session of another user: it was not asked for by the one who has logged in. */
export function abandonOfOther(state: State, user: string): Step {
  return state.user === null || state.user === user ? [state, []] : abandon(state, () => otherUser);
}

/** Sends the requests that wait for a session. */
export function flush(state: State): Step {
  const waiting = [...state.requests.values()].filter((pending) => pending.requestId === null);
  return waiting.reduce<Step>((step, pending) => andThen(step, (s) => dispatch(s, pending)), [state, []]);
}

/** Sends a publication that the router does not acknowledge, or drops it if there is no session. */
export function publishUnacknowledged(state: State, publication: { uri: string; options: object; payload: Payload }): Step {
  if (state.phase.name !== 'open') return [state, []];
  const requestId = state.lastRequest + 1;
  const message: Message = [Code.publish, requestId, publication.options, publication.uri, ...trailing(publication.payload)];
  return [{ ...state, lastRequest: requestId }, send(message)];
}

export function settle(state: State, message: Incoming & { type: 'result' | 'published' }): Step {
  const kind = message.type === 'result' ? 'call' : 'publish';
  const pending = sent(state, kind, message.request);
  if (!pending) return [state, []]; // it was answered after its timeout
  const outcome: Output = message.type === 'result'
    ? { type: 'settled', token: pending.token, result: message.payload, publication: null }
    : { type: 'settled', token: pending.token, result: { args: [], kwargs: {} }, publication: message.publication };
  return [remove(state, pending), [outcome]];
}

export function fail(state: State, kind: Request['kind'], error: Incoming & { type: 'error' }): Step {
  const pending = sent(state, kind, error.request);
  if (!pending) return [state, []];
  return failed(state, pending, failureFrom(error.uri, error.payload));
}

export function expire(state: State, token: number): Step {
  const pending = state.requests.get(token);
  return pending ? failed(state, pending, pending.requestId === null ? notInTime : noAnswer) : [state, []];
}

/** The page no longer wants a request. The router is told, so that the callee can stop. */
export function cancel(state: State, token: number): Step {
  const pending = state.requests.get(token);
  if (!pending) return [state, []];
  const running = pending.kind === 'call' && pending.requestId !== null && state.phase.name === 'open';
  const message = running ? send([Code.cancel, pending.requestId, {}]) : [];
  return andThen([state, message], (s) => failed(s, pending, canceled));
}

/** Ends the requests of a session. They are sent again only if the router carries them out once. */
export function abandonSent(state: State): Step {
  return abandon(state, ({ requestId, repeat }) => (requestId === null || repeat ? null : connectionLost));
}

export function abandonAll(state: State): Step {
  return abandon(state, ({ requestId }) => (requestId === null ? notConnected : connectionLost));
}

const notConnected = failure('wamp.error.network_failure', 'not connected');
const connectionLost = failure('wamp.error.network_failure', 'the connection was lost before the answer came');
const notInTime = failure('wamp.error.timeout', 'no connection in time');
const noAnswer = failure('wamp.error.timeout', 'no answer in time');
const canceled = failure('wamp.error.canceled', 'the page has canceled the request');
const otherUser = failure('wamp.error.canceled', 'another user has logged in before the request was sent');

/** Fails the requests for which there is a reason; the others wait for the next session. */
function abandon(state: State, reason: (pending: Request) => Failure | null): Step {
  const requests = new Map<number, Request>();
  const outputs: Output[] = [];
  for (const pending of state.requests.values()) {
    const why = reason(pending);
    if (why) outputs.push({ type: 'failed', token: pending.token, failure: why });
    else requests.set(pending.token, { ...pending, requestId: null });
  }
  return [{ ...state, requests }, outputs];
}

function failed(state: State, pending: Request, why: Failure): Step {
  return [remove(state, pending), [{ type: 'failed', token: pending.token, failure: why }]];
}

function dispatch(state: State, pending: Request): Step {
  const requestId = state.lastRequest + 1;
  const message: Message = [codes[pending.kind], requestId, pending.options, pending.uri, ...trailing(pending.payload)];
  return [{ ...put(state, { ...pending, requestId }), lastRequest: requestId }, send(message)];
}

function sent(state: State, kind: Request['kind'], requestId: number): Request | undefined {
  for (const pending of state.requests.values()) {
    if (pending.kind === kind && pending.requestId === requestId) return pending;
  }
  return undefined;
}

function put(state: State, pending: Request): State {
  return { ...state, requests: withEntry(state.requests, pending.token, pending) };
}

function remove(state: State, pending: Request): State {
  return { ...state, requests: withoutEntry(state.requests, pending.token) };
}
