/**
 * The ticket of a login. The page's backend is asked once at a time, also if its answer takes longer than a connection
 * lives: the answer is then for the next connection.
 */
import type { State, Step } from './state.js';
/** Asks for a ticket, unless there is one or it is under way. */
export declare function ask(state: State): Step;
/** Returns the state with the answer, or null if the answer is to an older question. */
export declare function answered(state: State, attempt: number, value: string | null): State | null;
/** Takes the ticket out of the state: it is accepted once. */
export declare function take(state: State): readonly [State, string | null];
