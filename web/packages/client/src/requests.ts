/**
 * Calls and acknowledged publications. Each is settled once: by its answer, by its timeout or by the end of the
 * session.
 */
import { Code, type Incoming, type Message, type Payload, trailing } from './messages.js';
import {
  failure, failureFrom, type Output, type Request, send, type State, type Step, andThen, withEntry, withoutEntry,
} from './state.js';

const codes = { call: Code.call, publish: Code.publish } as const;

/** Sends a request, or keeps it until there is a session. The shell's timer limits the wait (`expire`). */
export function request(state: State, unsent: Omit<Request, 'requestId'>): Step {
  const ended = state.phase.name === 'closed' || state.phase.name === 'closing' || state.phase.name === 'refused';
  if (ended) return [state, [{ type: 'failed', token: unsent.token, failure: notConnected }]];
  const waiting: Request = { ...unsent, requestId: null };
  return state.phase.name === 'open' ? dispatch(state, waiting) : [put(state, waiting), []];
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
  return [remove(state, pending), [{ type: 'failed', token: pending.token, failure: failureFrom(error.uri, error.payload) }]];
}

export function expire(state: State, token: number): Step {
  const pending = state.requests.get(token);
  if (!pending) return [state, []];
  const text = pending.requestId === null ? 'no connection in time' : 'no answer in time';
  return [remove(state, pending), [{ type: 'failed', token, failure: failure('wamp.error.timeout', text) }]];
}

/** Fails the requests that were sent. They are not sent again, because the router may have carried them out. */
export function abandonSent(state: State): Step {
  return abandon(state, (pending) => pending.requestId !== null);
}

export function abandonAll(state: State): Step {
  return abandon(state, () => true);
}

const notConnected = failure('wamp.error.network_failure', 'not connected');
const connectionLost = failure('wamp.error.network_failure', 'the connection was lost before the answer came');

function abandon(state: State, which: (pending: Request) => boolean): Step {
  const gone = [...state.requests.values()].filter(which);
  const requests = new Map(state.requests);
  for (const pending of gone) requests.delete(pending.token);
  return [{ ...state, requests }, gone.map((pending) => ({
    type: 'failed', token: pending.token, failure: pending.requestId === null ? notConnected : connectionLost,
  }))];
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
