/**
 * Connections that did not open. A browser does not say why, so the shell asks the server over HTTP (explain.ts). The
 * answer holds until a connection opens, or until the server is asked again.
 */
import { type Input, show, startTimer, type State, type Step } from './state.js';

/** Counts a connection that did not open, and asks why: after the first, second, fourth, eighth and so on in a row. */
export function unopened(state: State): Step {
  const count = state.unopened + 1;
  const asks = state.config.explains && (count & (count - 1)) === 0;
  return [{ ...state, unopened: count }, asks ? [{ type: 'explain', again: count > 1 }] : []];
}

export function explained(state: State, { explanation }: Input & { type: 'explained' }): Step {
  if (state.unopened === 0) return [state, []]; // a connection has opened since
  const known = { ...state, explained: explanation };
  if (state.phase.name !== 'waiting' || state.phase.trouble.reason === 'suspended') return [known, []];
  const { after } = explanation;
  return show({ ...known, phase: { name: 'waiting', trouble: explanation } }, after === undefined ? [] : [startTimer('retry', state.tries, after)]);
}
