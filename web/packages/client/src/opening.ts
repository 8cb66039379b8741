/** From the socket to WELCOME: HELLO, CHALLENGE and the ticket, and the session's identity. */
import { abandon, refuse, stopTimers, violation } from './ending.js';
import { Code, type Dict, type Incoming, isDict, textOf, textsOf } from './messages.js';
import * as interests from './interests.js';
import * as renewal from './renewal.js';
import * as requests from './requests.js';
import { andThen, type Input, send, type Session, show, startTimer, type State, type Step, stopTimer } from './state.js';
import * as tickets from './ticket.js';
import { trouble } from './trouble.js';

export function connect(state: State): Step {
  const attempt = state.attempt + 1;
  return show({ ...state, attempt, phase: { name: 'connecting' }, lastRequest: 0 }, [
    { type: 'connect', attempt },
    startTimer('opening'),
  ]);
}

export function retry(state: State): Step {
  if (state.phase.name === 'waiting') return andThen([state, [stopTimer('retry')]], connect);
  return state.phase.name === 'refused' ? connect({ ...state, tries: 0, denials: 0 }) : [state, []];
}

/** Connects at once if the page waits, because the reason to wait is over. */
export function wake(state: State): Step {
  return state.phase.name === 'waiting' ? retry(state) : [state, []];
}

/** An attempt that began in the network before is given up: its packets may go nowhere. */
export function networkChanged(state: State): Step {
  const opening = state.phase.name === 'connecting' || state.phase.name === 'authenticating';
  return opening ? andThen([state, [{ type: 'disconnect' }]], connect) : wake(state);
}

/** Sends HELLO and asks the page's backend for a ticket at the same time, which saves a round trip. */
export function hello(state: State): Step {
  const { realm, tab, agent } = state.config;
  const details: Dict = {
    roles: {
      publisher: { features: { publisher_exclusion: true } },
      subscriber: { features: { pattern_based_subscription: true, subscription_revocation: true } },
      caller: { features: { call_timeout: true, call_canceling: true } },
      callee: { features: { pattern_based_registration: true, _yield_errors: true } },
    },
    agent,
    _returns: true, // this client comes again after GOODBYE and ABORT
    authmethods: [state.config.tickets ? 'ticket' : 'anonymous'],
    ...(tab === null ? {} : { _tab: tab }),
  };
  const phase = { name: 'authenticating', challenged: false, answered: false } as const;
  const [asking, asks] = tickets.ask({ ...state, phase, unopened: 0, explained: null });
  return show(asking, [...send([Code.hello, realm, details]), ...asks]);
}

// ---- authenticating: CHALLENGE and ticket arrive in either order ----

/** A ticket that comes while the page waits is used at once, because it expires. */
export function ticket(state: State, input: Input & { type: 'ticket' }): Step {
  const next = tickets.answered(state, input.attempt, input.ticket);
  if (next === null) return [state, []];
  return next.phase.name === 'waiting' ? retry(next) : authenticate(next);
}

export function challenged(state: State, method: string): Step {
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

const REQUIRED = 'wamp.error.authentication_required';

export function noTicket(state: State, input: Input & { type: 'no-ticket' }): Step {
  const next = tickets.answered(state, input.attempt, null);
  if (next === null) return [state, []];
  const why = { ...trouble('no_ticket', input.message), cause: input.cause };
  switch (next.phase.name) {
    case 'connecting': return input.final ? refuse(next, REQUIRED, input.message) : [next, []];
    case 'authenticating': return input.final ? refuse(next, REQUIRED, input.message) : abandon(next, why);
    case 'waiting':
      if (input.final) return refuse(next, REQUIRED, input.message);
      return next.phase.trouble.reason === 'suspended' ? [next, []] : show({ ...next, phase: { name: 'waiting', trouble: why } }, []);
    default: return [next, []];
  }
}

export function welcome(state: State, message: Incoming & { type: 'welcome' }): Step {
  const session = sessionFrom(message.session, message.details);
  const [kept, refusals] = state.config.tickets ? requests.abandonOfOther(state, session.user) : [state, []];
  const open = show({ ...kept, denials: 0, user: session.user, renewals: 0, phase: { name: 'open', session } }, [
    ...refusals, stopTimer('opening'), startTimer('stable'),
  ]);
  const scheduled = andThen(open, (s) => renewal.schedule(s, message.details['_session_ends_in']));
  return andThen(andThen(scheduled, interests.resume), requests.flush);
}

/** The session goes on with the identity of another ticket. */
export function renewed(state: State, details: Dict): Step {
  const { phase } = state;
  return phase.name === 'open' ? renewal.renewed(state, { name: 'open', session: sessionFrom(phase.session.id, details) }, details) : [state, []];
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

/** Replaces a dead connection at once: there is no reason to wait. */
export function reconnect(state: State): Step {
  const next = { ...interests.forget(state), tries: state.tries + 1 };
  return andThen(andThen([next, [{ type: 'disconnect' }, ...stopTimers()]], connect), requests.abandonSent);
}
