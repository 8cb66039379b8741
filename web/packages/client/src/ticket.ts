/**
 * The ticket of a login. The page's backend is asked once at a time, also if its answer takes longer than a connection
 * lives: the answer is then for the next connection.
 */
import type { Output, State, Step } from './state.js';

/** Asks for a ticket, unless there is one or it is under way. */
export function ask(state: State): Step {
  const { config, attempt, ticket } = state;
  const usable = ticket.value !== null && attempt - ticket.attempt <= 1; // an older one has expired by now
  if (!config.tickets || isAsked(state) || usable) return [state, []];
  const question: Output = { type: 'ask-ticket', attempt };
  return [{ ...state, ticket: { asked: attempt, value: null, attempt: 0 } }, [question]];
}

/** Reports whether the page's backend has not answered yet. The shell limits the time of that (ticket-source.ts). */
export function isAsked({ ticket }: State): boolean {
  return ticket.asked !== 0;
}

/** Returns the state with the answer, or null if the answer is to an older question. */
export function answered(state: State, attempt: number, value: string | null): State | null {
  if (state.ticket.asked !== attempt) return null;
  return { ...state, ticket: { asked: 0, value, attempt: state.attempt } };
}

/** Takes the ticket out of the state: it is accepted once. */
export function take(state: State): readonly [State, string | null] {
  return [{ ...state, ticket: { ...state.ticket, value: null } }, state.ticket.value];
}
