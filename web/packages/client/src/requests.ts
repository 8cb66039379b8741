/** Calls and acknowledged publications: each is settled exactly once, by its answer, by its time or by the lost session. */
import { Code, type Incoming, type Message, type Payload, trailing } from './messages.js';
import {
  failure, failureFrom, type Output, type Request, send, type State, type Step, andThen, withEntry, withoutEntry,
} from './state.js';

const codes = { call: Code.call, publish: Code.publish } as const;

/** Sends it, or keeps it until there is a session; how long it may wait is the shell's timer (`expire`). */
export function request(state: State, wish: Omit<Request, 'number'>): Step {
  const ended = state.phase.name === 'closed' || state.phase.name === 'closing' || state.phase.name === 'refused';
  if (ended) return [state, [{ type: 'failed', token: wish.token, failure: notConnected }]];
  const waiting: Request = { ...wish, number: null };
  return state.phase.name === 'open' ? dispatch(state, waiting) : [put(state, waiting), []];
}

/** Sends what has been waiting for a session. */
export function flush(state: State): Step {
  const waiting = [...state.requests.values()].filter((known) => known.number === null);
  return waiting.reduce<Step>((step, known) => andThen(step, (s) => dispatch(s, known)), [state, []]);
}

/** A publication that nobody answers. Without a session it is dropped: what is worth keeping asks for an acknowledgement. */
export function tell(state: State, wish: { uri: string; options: object; payload: Payload }): Step {
  if (state.phase.name !== 'open') return [state, []];
  const number = state.lastRequest + 1;
  const message: Message = [Code.publish, number, wish.options, wish.uri, ...trailing(wish.payload)];
  return [{ ...state, lastRequest: number }, send(message)];
}

export function settle(state: State, message: Incoming & { type: 'result' | 'published' }): Step {
  const kind = message.type === 'result' ? 'call' : 'publish';
  const known = sent(state, kind, message.request);
  if (!known) return [state, []]; // it came after its time
  const outcome: Output = message.type === 'result'
    ? { type: 'settled', token: known.token, result: message.payload, publication: null }
    : { type: 'settled', token: known.token, result: { args: [], kwargs: {} }, publication: message.publication };
  return [drop(state, known), [outcome]];
}

export function fail(state: State, kind: Request['kind'], error: Incoming & { type: 'error' }): Step {
  const known = sent(state, kind, error.request);
  if (!known) return [state, []];
  return [drop(state, known), [{ type: 'failed', token: known.token, failure: failureFrom(error.uri, error.payload) }]];
}

export function expire(state: State, token: number): Step {
  const known = state.requests.get(token);
  if (!known) return [state, []];
  const text = known.number === null ? 'no connection in time' : 'no answer in time';
  return [drop(state, known), [{ type: 'failed', token, failure: failure('wamp.error.timeout', text) }]];
}

/** Whether a request that was sent has been carried out nobody can say, so it is not sent again. */
export function abandonSent(state: State): Step {
  return abandon(state, (known) => known.number !== null);
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
    type: 'failed', token: known.token, failure: known.number === null ? notConnected : connectionLost,
  }))];
}

function dispatch(state: State, known: Request): Step {
  const number = state.lastRequest + 1;
  const message: Message = [codes[known.kind], number, known.options, known.uri, ...trailing(known.payload)];
  return [{ ...put(state, { ...known, number }), lastRequest: number }, send(message)];
}

function sent(state: State, kind: Request['kind'], number: number): Request | undefined {
  for (const known of state.requests.values()) {
    if (known.kind === kind && known.number === number) return known;
  }
  return undefined;
}

function put(state: State, known: Request): State {
  return { ...state, requests: withEntry(state.requests, known.token, known) };
}

function drop(state: State, known: Request): State {
  return { ...state, requests: withoutEntry(state.requests, known.token) };
}
