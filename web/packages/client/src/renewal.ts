/**
 * The renewal of a session that has an end: a new ticket before that, over the live connection. A session that cannot be
 * renewed ends with GOODBYE, and the page logs in anew.
 */
import { backoff } from './backoff.js';
import type { Dict } from './messages.js';
import { type Failure, type Input, show, startTimer, type State, type Step } from './state.js';

const LEAD = 60; // s before the end, or a quarter of a short session

/** Starts the timer of the renewal, if the session has an end. */
export function schedule(state: State, endsIn: unknown): Step {
  if (typeof endsIn !== 'number' || !state.config.tickets) return [state, []];
  const seconds = Math.max(endsIn - LEAD, endsIn * 0.75);
  return [state, [startTimer('renewal', 0, seconds * 1000)]];
}

/** Applies the answer of the router, which has the identity of the new ticket. */
export function renewed(state: State, session: State['phase'] & { name: 'open' }, details: Dict): Step {
  const [next, timer] = schedule({ ...state, phase: session, renewals: 0 }, details['ends_in']);
  return show(next, timer);
}

/** Tries again after a failure that may pass: another ticket after the first denial, and none if the page has none. */
export function failed(state: State, { failure, final }: Input & { type: 'not-renewed' }): Step {
  const denied = failure.uri === 'wamp.error.authentication_denied' && state.renewals > 0;
  if (final || denied || HOPELESS.has(failure.uri)) return [{ ...state, renewals: 0 }, []];
  const renewals = state.renewals + 1;
  return [{ ...state, renewals }, [startTimer('renewal', 0, backoff(renewals, 0.5))]];
}

const HOPELESS: ReadonlySet<Failure['uri']> = new Set(['wamp.error.feature_not_supported', 'wamp.error.no_such_procedure']);
