import { type Failure, failure } from './state.js';

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
    return new Failed(failure('wamp.error.runtime_error', error instanceof Error ? error.message : String(error)));
  }
}

/** Thrown by a ticket callback when asking again is of no use: the user has to log in first. */
export class TicketRefused extends Error {}
