/**
 * The connection as a pure function of state and input, without sockets, clock or random numbers. The shell
 * (connection.ts) carries out its outputs and feeds the results back as inputs.
 */
import { Code, type Dict, type Incoming, isDict, parse, textOf, textsOf, trailing } from './messages.js';
import * as interests from './interests.js';
import * as requests from './requests.js';
import * as tickets from './ticket.js';
import { andThen, failureFrom, type Input, type Output, send, type Session, type State, type Step, type Timer } from './state.js';

/** The reasons that end all tries until a person or developer acts. After any other reason the page tries again. */
const FINAL: ReadonlySet<string> = new Set([
  'wamp.error.authentication_denied',
  'wamp.error.authentication_required',
  'wamp.error.authorization_denied',
  'wamp.error.cannot_authenticate',
  'wamp.error.invalid_uri',
  'wamp.error.no_matching_auth_method',
  'wamp.error.no_such_principal',
  'wamp.error.no_such_realm',
  'wamp.error.no_such_role',
  'wamp.error.not_authorized',
]);

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
    case 'publish': return requests.publishUnacknowledged(state, input);
    case 'ticket': return ticket(state, input);
    case 'no-ticket': return noTicket(state, input);
    case 'opened': case 'received': case 'lost': case 'answer':
      return input.attempt === state.attempt ? fromAttempt(state, input) : [state, []];
  }
}

type AttemptInput = Extract<Input, { type: 'opened' | 'received' | 'lost' | 'answer' }>;

/** Handles an input of the current socket; step drops those of older sockets. */
function fromAttempt(state: State, input: AttemptInput): Step {
  switch (input.type) {
    case 'opened': return state.phase.name === 'connecting' ? hello(state) : [state, []];
    case 'received': return receive(state, parse(input.message));
    case 'lost': return lost(state);
    case 'answer': return answer(state, input);
  }
}

// ---- connecting ----

function connect(state: State): Step {
  const attempt = state.attempt + 1;
  return show({ ...state, attempt, phase: { name: 'connecting' }, lastRequest: 0 }, [
    { type: 'connect', attempt },
    start('opening'),
  ]);
}

function retry(state: State): Step {
  if (state.phase.name === 'waiting') return andThen([state, [stop('retry')]], connect);
  return state.phase.name === 'refused' ? connect({ ...state, tries: 0, denials: 0 }) : [state, []];
}

/** Connects at once if the page waits, because the reason to wait is over. */
function wake(state: State): Step {
  return state.phase.name === 'waiting' ? retry(state) : [state, []];
}

/** An attempt that began in the network before is given up: its packets may go nowhere. */
function networkChanged(state: State): Step {
  const opening = state.phase.name === 'connecting' || state.phase.name === 'authenticating';
  return opening ? andThen([state, [{ type: 'disconnect' }]], connect) : wake(state);
}

/** Sends HELLO and asks the page's backend for a ticket at the same time, which saves a round trip. */
function hello(state: State): Step {
  const { realm, tab, agent } = state.config;
  const details: Dict = {
    roles: {
      publisher: { features: { publisher_exclusion: true } },
      subscriber: { features: { pattern_based_subscription: true, subscription_revocation: true } },
      caller: { features: { call_timeout: true } },
      callee: { features: { pattern_based_registration: true, _yield_errors: true } },
    },
    agent,
    _returns: true, // this client comes again after GOODBYE and ABORT
    authmethods: [state.config.tickets ? 'ticket' : 'anonymous'],
    ...(tab === null ? {} : { _tab: tab }),
  };
  const [asking, asks] = tickets.ask({ ...state, phase: { name: 'authenticating', challenged: false, answered: false } });
  return show(asking, [...send([Code.hello, realm, details]), ...asks]);
}

// ---- authenticating: CHALLENGE and ticket arrive in either order ----

/** A ticket that comes while the page waits is used at once, because it expires. */
function ticket(state: State, input: Input & { type: 'ticket' }): Step {
  const next = tickets.answered(state, input.attempt, input.ticket);
  if (next === null) return [state, []];
  return next.phase.name === 'waiting' ? retry(next) : authenticate(next);
}

function challenged(state: State, method: string): Step {
  if (state.phase.name !== 'authenticating' || state.phase.challenged) return violation(state, 'unexpected CHALLENGE');
  if (method !== 'ticket' || !state.config.tickets) {
    const message = `the router asks for ${method}; this page can only ${state.config.tickets ? 'send a ticket' : 'be anonymous'}`;
    return andThen([state, send([Code.abort, { message }, 'wamp.error.cannot_authenticate'])],
      (s) => refuse(s, 'wamp.error.cannot_authenticate', message));
  }
  return authenticate({ ...state, phase: { ...state.phase, challenged: true } });
}

function authenticate(state: State): Step {
  const { phase } = state;
  if (phase.name !== 'authenticating' || phase.answered || !phase.challenged) return [state, []];
  const [next, value] = tickets.take(state);
  if (value === null) return [state, []];
  return [{ ...next, phase: { ...phase, answered: true } }, send([Code.authenticate, value, {}])];
}

function noTicket(state: State, input: Input & { type: 'no-ticket' }): Step {
  const next = tickets.answered(state, input.attempt, null);
  if (next === null) return [state, []];
  switch (next.phase.name) {
    case 'connecting': case 'authenticating': case 'waiting':
      if (input.final) return refuse(next, 'wamp.error.authentication_required', input.message);
  }
  return next.phase.name === 'authenticating' ? abandon(next) : [next, []];
}

function welcome(state: State, message: Incoming & { type: 'welcome' }): Step {
  const session = sessionFrom(message.session, message.details);
  const open = show({ ...state, denials: 0, phase: { name: 'open', session } }, [
    stop('opening'),
    start('stable'),
  ]);
  return andThen(andThen(open, interests.resume), requests.flush);
}

function sessionFrom(id: number, details: Dict): Session {
  const extra = isDict(details['authextra']) ? details['authextra'] : {};
  const role = textOf(details, 'authrole');
  const user = textOf(details, 'authid');
  const roles = textsOf(extra, 'roles');
  return {
    id, user, role,
    name: textOf(extra, 'name') || user,
    roles: roles.length > 0 ? roles : [role],
    tenant: textOf(extra, 'tenant'),
  };
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
    case 'event': return [state, interests.event(state, message)];
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

// ---- the end of a session ----

/** A ticket may expire on its way to the router: after the first denial the page gets another, the second is final. */
function aborted(state: State, { reason, details }: Incoming & { type: 'abort' }): Step {
  const mayRetry = reason === 'wamp.error.authentication_denied' && state.denials === 0;
  const next = { ...state, denials: state.denials + 1 };
  if (FINAL.has(reason) && !mayRetry) return refuse(next, reason, textOf(details, 'message') || reason);
  return abandon(next);
}

/** The router ends the session. The page reconnects, and its ticket callback decides if the user may come back. */
function goodbye(state: State, { reason, details }: Incoming & { type: 'goodbye' }): Step {
  const replied: Step = [state, send([Code.goodbye, {}, 'wamp.close.goodbye_and_out'])];
  if (FINAL.has(reason)) return andThen(replied, (s) => refuse(s, reason, textOf(details, 'message') || reason));
  return andThen(replied, abandon);
}

function violation(state: State, message: string): Step {
  const abort = send([Code.abort, { message }, 'wamp.error.protocol_violation']);
  return andThen([state, abort], abandon);
}

/** Gives the transport up, and tries again later. */
function abandon(state: State): Step {
  return andThen([state, [{ type: 'disconnect' }]], lost);
}

function lost(state: State): Step {
  switch (state.phase.name) {
    case 'connecting': case 'authenticating': case 'open': break;
    case 'closing': return ended(state);
    default: return [state, []];
  }
  const tries = state.tries + 1;
  const waiting: State = { ...interests.forget(state), tries, phase: { name: 'waiting' } };
  return andThen(show(waiting, [...stopTimers(), { type: 'start-timer', timer: 'retry', tries }]), requests.abandonSent);
}

/**
 * Ends the session politely and waits for `wake`, without a timer. The page is left or frozen: others are not to see it,
 * and the browser keeps only pages without a connection.
 */
function suspend(state: State): Step {
  switch (state.phase.name) {
    case 'connecting': case 'authenticating': case 'open': case 'waiting': break;
    default: return [state, []];
  }
  const bye = state.phase.name === 'open' ? send([Code.goodbye, {}, 'wamp.close.close_realm']) : [];
  return andThen(andThen([{ ...state, tries: 0 }, bye], abandon), (s) => [s, [stop('retry')]]);
}

/** Replaces a dead connection at once: there is no reason to wait. */
function reconnect(state: State): Step {
  const next = { ...interests.forget(state), tries: state.tries + 1 };
  return andThen(andThen([next, [{ type: 'disconnect' }, ...stopTimers()]], connect), requests.abandonSent);
}

function refuse(state: State, reason: string, message: string): Step {
  const refused: State = { ...interests.forget(state), phase: { name: 'refused', reason, message } };
  return andThen(show(refused, [{ type: 'disconnect' }, ...stopTimers()]), requests.abandonAll);
}

function close(state: State): Step {
  switch (state.phase.name) {
    case 'closing': case 'closed': return [state, []];
    case 'open': {
      const bye = send([Code.goodbye, {}, 'wamp.close.close_realm']);
      const closing = show({ ...interests.forget(state), phase: { name: 'closing' } }, [
        ...bye, ...stopTimers(), start('closing'),
      ]);
      return andThen(closing, requests.abandonAll);
    }
    default: return andThen(ended(state), requests.abandonAll);
  }
}

function ended(state: State): Step {
  return show({ ...state, phase: { name: 'closed' } }, [{ type: 'disconnect' }, ...stopTimers(), stop('closing')]);
}

function elapsed(state: State, name: Timer): Step {
  switch (name) {
    case 'retry': return state.phase.name === 'waiting' ? connect(state) : [state, []];
    case 'interests': return state.phase.name === 'open' ? interests.renew(state) : [state, []];
    case 'stable': return state.phase.name === 'open' ? [{ ...state, tries: 0 }, []] : [state, []];
    case 'closing': return state.phase.name === 'closing' ? ended(state) : [state, []];
    case 'opening':
      return state.phase.name === 'connecting' || state.phase.name === 'authenticating'
        ? abandon(state)
        : [state, []];
  }
}

function stopTimers(): Output[] {
  return [stop('opening'), stop('stable'), stop('retry'), stop('interests')];
}

function start(name: Timer): Output {
  return { type: 'start-timer', timer: name, tries: 0 };
}

function stop(name: Timer): Output {
  return { type: 'stop-timer', timer: name };
}

/** Reports the phase to the page, after the outputs. */
function show(state: State, outputs: readonly Output[]): Step {
  return [state, [...outputs, { type: 'phase', phase: state.phase, tries: state.tries }]];
}

function describe(message: Incoming): string {
  return message.type === 'malformed' ? message.problem : `unexpected ${message.type.toUpperCase()}`;
}
