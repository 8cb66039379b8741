/** What went wrong, for the state of the connection, for `onError` and for the console. */
import type { Failure } from './state.js';

/**
 * Why there is no session.
 *
 *     origin, path, full, draining, ...   the server's word for a handshake that it has refused (docs/browser.md)
 *     no_upgrade         the server would accept the page, but a proxy does not pass WebSockets on
 *     not_tidings        another program answers at the address
 *     redirect           the address answers with a redirect, which WebSockets do not follow
 *     unreachable        nothing answers at the address
 *     offline            the browser has no network
 *     mixed_content      a page of https may not open a WebSocket without TLS
 *     forbidden_by_page  the page's Content-Security-Policy does not allow the address
 *     unopened           the connection did not open, and the reason is not known yet
 *     timeout            the connection was open, but the server did not answer
 *     lost               the connection was lost
 *     closed             the server has ended the session, and the page may come again
 *     denied             the server has not accepted the ticket, and the page tries another one
 *     no_ticket          the ticket callback has given no ticket
 *     protocol           the server has sent a message that WAMP does not allow
 *     suspended          the page is left or frozen
 */
export type Reason =
  | 'origin' | 'path' | 'full' | 'draining' | 'no_upgrade' | 'not_tidings' | 'redirect' | 'unreachable' | 'offline' | 'mixed_content'
  | 'forbidden_by_page' | 'unopened' | 'timeout' | 'lost' | 'closed' | 'denied' | 'no_ticket' | 'protocol' | 'suspended'
  | (string & {}); // newer servers may have more

/** Why the page waits. The reason is for programs, the message for developers: what failed, and what to do. */
export interface Trouble {
  readonly reason: Reason;
  readonly message: string;
  readonly status: number | null; // of HTTP, if the address has answered with one
  readonly cause?: unknown; // what the ticket callback has thrown
}

/** What a page is told of a connection that did not open, and after how many ms it tries again; otherwise as usual. */
export interface Explanation extends Trouble {
  readonly after?: number;
}

export type ErrorKind = 'connection' | 'ticket' | 'subscription' | 'registration' | 'presence' | 'answer';

/** What `onError` is called with. */
export class TidingsError extends Error {
  readonly kind: ErrorKind;
  readonly reason: Reason; // or the URI of a WAMP error
  readonly uri: string; // the topic, procedure or record; empty: the connection
  readonly status: number | null; // of HTTP
  readonly failure: Failure | null; // the refusal of a subscription, registration or presence

  constructor(kind: ErrorKind, { reason, message, status, cause }: Trouble, uri = '', failure: Failure | null = null) {
    super(message, { cause });
    this.name = 'TidingsError';
    this.kind = kind;
    this.reason = reason;
    this.uri = uri;
    this.status = status;
    this.failure = failure;
  }
}

export function trouble(reason: Reason, message: string): Trouble {
  return { reason, message, status: null };
}
