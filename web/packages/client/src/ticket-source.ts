/** Asks the page's backend for a ticket, within a time, and checks what it gives. */
import { TicketRefused } from './failure.js';

const TIMEOUT = 30_000; // ms

export interface TicketRequest {
  /** Aborts when the time is over: pass it to `fetch`. */
  readonly signal: AbortSignal;
}

export type TicketCallback = (request: TicketRequest) => Promise<string>;

/** Why there is no ticket. */
export interface NoTicket {
  readonly message: string;
  readonly final: boolean; // the callback has thrown TicketRefused
  readonly cause?: unknown; // what it has thrown
}

/** Returns a ticket, or why there is none. */
export async function ticketFrom(callback: TicketCallback | undefined, timeout = TIMEOUT): Promise<string | NoTicket> {
  if (!callback) return '';
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), timeout);
  const late = new Promise((_, reject) => over.signal.addEventListener('abort', reject));
  let outcome: TicketOutcome = {};
  try {
    const given = await Promise.race([callback({ signal: over.signal }), late]);
    if (typeof given === 'string' && /^[^\s<{[]\S*$/.test(given)) return given;
    outcome = { given };
  } catch (thrown) {
    if (thrown instanceof TicketRefused) return { message: thrown.message, final: true };
    outcome = over.signal.aborted ? { late: timeout } : { thrown, callback };
  } finally {
    clearTimeout(timer);
  }
  return import('./explain.js').then(({ ticketFault }) => ticketFault(outcome), () => ({ message: 'the ticket callback has given no ticket', final: false }));
}

/** What has come instead of a ticket: something else, an error, or nothing in that time. */
export interface TicketOutcome {
  readonly given?: unknown;
  readonly thrown?: unknown;
  readonly late?: number; // ms
  readonly callback?: unknown; // that has thrown
}
