/** Calls and acknowledged publications: each is settled exactly once, by its answer, by its time or by the lost session. */
import { Code, type Incoming, type Message, type Payload, trailing } from './messages.js';
import {
  failure, failureFrom, type Output, type Request, send, type State, type Step, andThen, withEntry, withoutEntry,
} from './state.js';

const codes = { call: Code.call, publish: Code.publish } as const;

/** Sends it, or keeps it until there is a session; how long it may wait is the shell's timer (`expire`). */
export function request(state: State, unsent: Omit<Request, 'requestId'>): Step {
  const ended = state.phase.name === 'closed' || state.phase.name === 'closing' || state.phase.name === 'refused';
  if (ended) return [state, [{ type: 'failed', token: unsent.token, failure: notConnected }]];
  const waiting: Request = { ...unsent, requestId: null };
  return state.phase.name === 'open' ? dispatch(state, waiting) : [put(state, waiting), []];
}

/** Sends what has been waiting for a session. */
export function flush(state: State): Step {
  const waiting = [...state.requests.values()].filter((known) => known.requestId === null);
  return waiting.reduce<Step>((step, known) => andThen(step, (s) => dispatch(s, known)), [state, []]);
}

/** A publication that nobody answers. Without a session it is dropped: what is worth keeping asks for an acknowledgement. */
export function publishUnacknowledged(state: State, publication: { uri: string; options: object; payload: Payload }): Step {
  if (state.phase.name !== 'open') return [state, []];
  const requestId = state.lastRequest + 1;
  const message: Message = [Code.publish, requestId, publication.options, publication.uri, ...trailing(publication.payload)];
  return [{ ...state, lastRequest: requestId }, send(message)];
}

export function settle(state: State, message: Incoming & { type: 'result' | 'published' }): Step {
  const kind = message.type === 'result' ? 'call' : 'publish';
  const known = sent(state, kind, message.request);
  if (!known) return [state, []]; // it came after its time
  const outcome: Output = message.type === 'result'
    ? { type: 'settled', token: known.token, result: message.payload, publication: null }
    : { type: 'settled', token: known.token, result: { args: [], kwargs: {} }, publication: message.publication };
  return [remove(state, known), [outcome]];
}

export function fail(state: State, kind: Request['kind'], error: Incoming & { type: 'error' }): Step {
  const known = sent(state, kind, error.request);
  if (!known) return [state, []];
  return [remove(state, known), [{ type: 'failed', token: known.token, failure: failureFrom(error.uri, error.payload) }]];
}

export function expire(state: State, token: number): Step {
  const known = state.requests.get(token);
  if (!known) return [state, []];
  const text = known.requestId === null ? 'no connection in time' : 'no answer in time';
  return [remove(state, known), [{ type: 'failed', token, failure: failure('wamp.error.timeout', text) }]];
}

/** Whether a request that was sent has been carried out nobody can say, so it is not sent again. */
export function abandonSent(state: State): Step {
  return abandon(state, (known) => known.requestId !== null);
}

export function abandonAll(state: State): Step {
  return abandon(state, () => true);
}

const notConnected = failure('wamp.error.network_failure', 'not connected');
const connectionLost = failure('wamp.error.network_failure', 'the connection was lost before the answer came');

function abandon(state: State, which: (known: Request) => boolean): Step {
  const gone = [...state.requests.values()].filter(which);
  const requests = new Map(state.requests);
  for (const known of gone) requests.delete(known.token);
  return [{ ...state, requests }, gone.map((known) => ({
    type: 'failed', token: known.token, failure: known.requestId === null ? notConnected : connectionLost,
  }))];
}

function dispatch(state: State, known: Request): Step {
  const requestId = state.lastRequest + 1;
  const message: Message = [codes[known.kind], requestId, known.options, known.uri, ...trailing(known.payload)];
  return [{ ...put(state, { ...known, requestId }), lastRequest: requestId }, send(message)];
}

function sent(state: State, kind: Request['kind'], requestId: number): Request | undefined {
  for (const known of state.requests.values()) {
    if (known.kind === kind && known.requestId === requestId) return known;
  }
  return undefined;
}

function put(state: State, known: Request): State {
  return { ...state, requests: withEntry(state.requests, known.token, known) };
}

function remove(state: State, known: Request): State {
  return { ...state, requests: withoutEntry(state.requests, known.token) };
}
