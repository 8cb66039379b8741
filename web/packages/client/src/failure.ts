import type { Failure } from './state.js';

/** A call, publication or procedure that failed; `failure` has the WAMP error URI and its payload. */
export class Failed extends Error {
  readonly failure: Failure;

  constructor(why: Failure) {
    super(why.message);
    this.name = 'Failed';
    this.failure = why;
  }

  static from(error: unknown): Failed {
    if (error instanceof Failed) return error;
    const message = error instanceof Error ? error.message : String(error);
    return new Failed({ uri: 'wamp.error.runtime_error', message, payload: { args: [message], kwargs: {} } });
  }
}

/** Thrown by a ticket callback when asking again is of no use: the user has to log in first. */
export class TicketRefused extends Error {}
