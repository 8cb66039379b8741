/** The end of a session, or of an attempt to open one, and what follows: another try, a refusal, or the end for good. */
import { Code, type Incoming, textOf } from './messages.js';
import * as interests from './interests.js';
import * as requests from './requests.js';
import { andThen, type Output, send, show, startTimer, type State, type Step, stopTimer } from './state.js';
import * as tickets from './ticket.js';
import { type Trouble, trouble } from './trouble.js';
import { unopened } from './unopened.js';

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

/** A ticket may expire on its way to the router: after the first denial the page gets another, the second is final. */
export function aborted(state: State, { reason, details }: Incoming & { type: 'abort' }): Step {
  const mayRetry = reason === 'wamp.error.authentication_denied' && state.denials === 0;
  const next = { ...state, denials: state.denials + 1 };
  const message = textOf(details, 'message') || reason;
  if (FINAL.has(reason) && !mayRetry) return refuse(next, reason, message);
  return abandon(next, trouble(mayRetry ? 'denied' : 'closed', `the server refuses the session: ${message}`));
}

/** The router ends the session. The page reconnects, and its ticket callback decides if the user may come back. */
export function goodbye(state: State, { reason, details }: Incoming & { type: 'goodbye' }): Step {
  const replied: Step = [state, send([Code.goodbye, {}, 'wamp.close.goodbye_and_out'])];
  const message = textOf(details, 'message') || reason;
  if (FINAL.has(reason)) return andThen(replied, (s) => refuse(s, reason, message));
  const after = details['_retry_after'];
  const why = trouble('closed', `the server has ended the session: ${message}`);
  return andThen(replied, (s) => abandon(s, why, typeof after === 'number' ? after * 1000 : undefined));
}

export function violation(state: State, message: string): Step {
  const abort = send([Code.abort, { message }, 'wamp.error.protocol_violation']);
  return andThen([state, abort], (s) => abandon(s, trouble('protocol', `the server has broken the protocol: ${message}`)));
}

/** Gives the transport up, and tries again later: after so many ms, or after the usual wait. */
export function abandon(state: State, why: Trouble, after?: number): Step {
  return andThen([state, [{ type: 'disconnect' }]], (s) => wait(s, why, after));
}

/** The transport has ended, or was never opened. */
export function lost(state: State): Step {
  switch (state.phase.name) {
    case 'connecting': return andThen(unopened(state), (s) => wait(s, s.explained ?? notOpened, s.explained?.after));
    case 'authenticating': return wait(state, tickets.isAsked(state) ? noAnswer : trouble('lost', 'the connection was lost while logging in'));
    case 'open': return wait(state, trouble('lost', 'the connection was lost'));
    case 'closing': return ended(state);
    default: return [state, []];
  }
}

/** An attempt to connect has taken too long. */
export function late(state: State): Step {
  const { name } = state.phase;
  if (name === 'connecting') return andThen([state, [{ type: 'disconnect' }]], lost);
  if (name !== 'authenticating') return [state, []];
  return abandon(state, tickets.isAsked(state) ? noAnswer : trouble('timeout', 'the server has not answered in time'));
}

const notOpened = trouble('unopened', 'the connection did not open');
const noAnswer = trouble('no_ticket', 'the ticket callback has not answered in time');

function wait(state: State, why: Trouble, after?: number): Step {
  const tries = state.tries + 1;
  const waiting: State = { ...interests.forget(state), tries, phase: { name: 'waiting', trouble: why } };
  return andThen(show(waiting, [...stopTimers(), startTimer('retry', tries, after)]), requests.abandonSent);
}

/**
 * Ends the session politely and waits for `wake`, without a timer. The page is left or frozen: others are not to see it,
 * and the browser keeps only pages without a connection.
 */
export function suspend(state: State): Step {
  switch (state.phase.name) {
    case 'connecting': case 'authenticating': case 'open': case 'waiting': break;
    default: return [state, []];
  }
  const bye = state.phase.name === 'open' ? send([Code.goodbye, {}, 'wamp.close.close_realm']) : [];
  return andThen(andThen([{ ...state, tries: 0 }, bye], (s) => abandon(s, suspended)), (s) => [s, [stopTimer('retry')]]);
}

const suspended = trouble('suspended', 'the page is left or frozen');

export function refuse(state: State, reason: string, message: string): Step {
  const refused: State = { ...interests.forget(state), phase: { name: 'refused', reason, message } };
  return andThen(show(refused, [{ type: 'disconnect' }, ...stopTimers()]), requests.abandonAll);
}

export function close(state: State): Step {
  switch (state.phase.name) {
    case 'closing': case 'closed': return [state, []];
    case 'open': {
      const bye = send([Code.goodbye, {}, 'wamp.close.close_realm']);
      const closing = show({ ...interests.forget(state), phase: { name: 'closing' } }, [
        ...bye, ...stopTimers(), startTimer('closing'),
      ]);
      return andThen(closing, requests.abandonAll);
    }
    default: return andThen(ended(state), requests.abandonAll);
  }
}

export function ended(state: State): Step {
  return show({ ...state, phase: { name: 'closed' } }, [{ type: 'disconnect' }, ...stopTimers(), stopTimer('closing')]);
}

export function stopTimers(): Output[] {
  return [stopTimer('opening'), stopTimer('stable'), stopTimer('retry'), stopTimer('interests'), stopTimer('renewal')];
}
