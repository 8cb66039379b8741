import type { Failure } from './state.js';

/** The error of a call, publication or procedure; `failure` has the WAMP error URI and its payload. */
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

/** Thrown by a ticket callback to stop further tries, for example because the user must log in first. */
export class TicketRefused extends Error {}
