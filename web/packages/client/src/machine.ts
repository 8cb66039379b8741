/**
 * The connection as a pure function of state and input, without sockets, clock or random numbers. The shell
 * (connection.ts) carries out its outputs and feeds the results back as inputs.
 */
import { aborted, close, ended, goodbye, late, lost, suspend, violation } from './ending.js';
import * as interests from './interests.js';
import { Code, type Incoming, parse, trailing } from './messages.js';
import { challenged, connect, hello, networkChanged, noTicket, reconnect, renewed, retry, ticket, wake, welcome } from './opening.js';
import * as renewal from './renewal.js';
import * as requests from './requests.js';
import { failureFrom, type Input, send, type State, type Step, type Timer } from './state.js';
import { explained } from './unopened.js';

export function step(state: State, input: Input): Step {
  switch (input.type) {
    case 'start': return state.phase.name === 'idle' ? connect(state) : [state, []];
    case 'retry': return retry(state);
    case 'close': return close(state);
    case 'probe': return probe(state);
    case 'dead': return state.phase.name === 'open' ? reconnect(state) : [state, []];
    case 'wake': return wake(state);
    case 'network': return networkChanged(state);
    case 'suspend': return suspend(state);
    case 'elapsed': return elapsed(state, input.timer);
    case 'want': return interests.want(state, input);
    case 'release': return interests.release(state, input.key);
    case 'request': return requests.request(state, input.request);
    case 'expired': return requests.expire(state, input.token);
    case 'canceled': return requests.cancel(state, input.token);
    case 'publish': return requests.publishUnacknowledged(state, input);
    case 'ticket': return ticket(state, input);
    case 'no-ticket': return noTicket(state, input);
    case 'explained': return explained(state, input);
    case 'opened': case 'received': case 'lost': case 'answer': case 'renewed': case 'not-renewed':
      return input.attempt === state.attempt ? fromAttempt(state, input) : [state, []];
  }
}

type AttemptInput = Extract<Input, { attempt: number; type: 'opened' | 'received' | 'lost' | 'answer' | 'renewed' | 'not-renewed' }>;

/** Handles an input of the current socket; step drops those of older sockets. */
function fromAttempt(state: State, input: AttemptInput): Step {
  switch (input.type) {
    case 'opened': return state.phase.name === 'connecting' ? hello(state) : [state, []];
    case 'received': return receive(state, parse(input.message));
    case 'lost': return lost(state);
    case 'answer': return answer(state, input);
    case 'renewed': return renewed(state, input.details);
    case 'not-renewed': return state.phase.name === 'open' ? renewal.failed(state, input) : [state, []];
  }
}

// ---- messages ----

function receive(state: State, message: Incoming): Step {
  switch (state.phase.name) {
    case 'authenticating': return opening(state, message);
    case 'open': return established(state, message);
    case 'closing': return message.type === 'goodbye' ? ended(state) : [state, []];
    default: return [state, []]; // the socket is being closed
  }
}

function opening(state: State, message: Incoming): Step {
  switch (message.type) {
    case 'welcome': return welcome(state, message);
    case 'challenge': return challenged(state, message.method);
    case 'abort': return aborted(state, message);
    default: return violation(state, describe(message));
  }
}

function established(state: State, message: Incoming): Step {
  switch (message.type) {
    case 'event': return interests.event(state, message);
    case 'invocation': return [state, interests.invocation(state, message)];
    case 'subscribed': return interests.granted(state, 'subscription', message);
    case 'registered': return interests.granted(state, 'registration', message);
    case 'unsubscribed': return message.revoked ? interests.revoked(state, 'subscription', message.revoked) : [state, []];
    case 'unregistered': return message.revoked ? interests.revoked(state, 'registration', message.revoked) : [state, []];
    case 'result': case 'published': return requests.settle(state, message);
    case 'error': return failed(state, message);
    case 'goodbye': return goodbye(state, message);
    case 'abort': return aborted(state, message);
    default: return violation(state, describe(message));
  }
}

function failed(state: State, error: Incoming & { type: 'error' }): Step {
  switch (error.of) {
    case Code.subscribe: return interests.denied(state, 'subscription', error);
    case Code.register: return interests.denied(state, 'registration', error);
    case Code.call: return requests.fail(state, 'call', error);
    case Code.publish: return requests.fail(state, 'publish', error);
    case Code.unsubscribe: case Code.unregister: return [state, []]; // the router has ended it already
    case Code.yield: case Code.invocation: // only sent to pages that announce _yield_errors
      return [state, [{ type: 'answer-refused', failure: failureFrom(error.uri, error.payload) }]];
    default: return violation(state, `ERROR for a request of type ${error.of}`);
  }
}

function answer(state: State, { request, outcome }: Input & { type: 'answer' }): Step {
  if (state.phase.name !== 'open') return [state, []];
  if ('result' in outcome) {
    return [state, send([Code.yield, request, {}, ...trailing(outcome.result)])];
  }
  const { uri, payload } = outcome.failure;
  return [state, send([Code.error, Code.invocation, request, {}, uri, ...trailing(payload)])];
}

/** Asks the router for any message. The answer needs no handling: its arrival is what counts (heartbeat.ts). */
function probe(state: State): Step {
  if (state.phase.name !== 'open') return [state, []];
  const requestId = state.lastRequest + 1;
  return [{ ...state, lastRequest: requestId }, send([Code.call, requestId, {}, 'tidings.ping'])];
}

function elapsed(state: State, name: Timer): Step {
  switch (name) {
    case 'retry': return state.phase.name === 'waiting' ? connect(state) : [state, []];
    case 'interests': return state.phase.name === 'open' ? interests.renew(state) : [state, []];
    case 'stable': return state.phase.name === 'open' ? [{ ...state, tries: 0 }, []] : [state, []];
    case 'renewal': return state.phase.name === 'open' ? [state, [{ type: 'renew', attempt: state.attempt }]] : [state, []];
    case 'closing': return state.phase.name === 'closing' ? ended(state) : [state, []];
    case 'opening': return late(state);
  }
}

function describe(message: Incoming): string {
  return message.type === 'malformed' ? message.problem : `unexpected ${message.type.toUpperCase()}`;
}
