/** Tickets from the application: a POST to Oro's route, with the CSRF token that Oro's pages send. */
import type { TicketCallback, TicketRequest } from '@tidings/client';

export interface TicketOptions {
  /** The address of the route oro_sync_ticket. Without it, and without `fetchTicket`, the page is anonymous. */
  readonly syncTicketUrl?: string;
  /** Headers of the request, beside and in place of those that Oro expects. */
  readonly headers?: HeadersInit | (() => HeadersInit);
  /** Fetches the ticket in another way. Throw `TicketRefused` of the SDK if another try is useless. */
  readonly fetchTicket?: (request: TicketRequest) => Promise<string>;
}

export function ticketsFrom(options: TicketOptions): TicketCallback | undefined {
  const { syncTicketUrl, fetchTicket } = options;
  if (fetchTicket) return fetchTicket;
  return syncTicketUrl ? ({ signal }) => ticket(syncTicketUrl, options, signal) : undefined;
}

async function ticket(url: string, { headers }: TicketOptions, signal: AbortSignal): Promise<string> {
  const sent = new Headers({ Accept: 'application/json', 'X-Requested-With': 'XMLHttpRequest' });
  const token = csrfToken(document.cookie, location.protocol);
  if (token !== null) sent.set('X-CSRF-Header', token);
  new Headers(typeof headers === 'function' ? headers() : headers).forEach((value, name) => sent.set(name, value));
  const answer = await fetch(url, { method: 'POST', headers: sent, credentials: 'same-origin', cache: 'no-store', signal });
  if (!answer.ok) throw new Error(`${url} has answered ${answer.status} in place of a ticket`);
  const body = await answer.json().catch(() => null) as { ticket?: unknown } | null; // a login page, for example
  if (typeof body?.ticket !== 'string') throw new Error(`${url} has answered without a ticket: the user may be logged out`);
  return body.ticket;
}

/** Returns the token in the cookie that Oro sets for this scheme; null: there is none. */
export function csrfToken(cookies: string, protocol: string): string | null {
  const name = protocol === 'https:' ? 'https-_csrf' : '_csrf';
  for (const cookie of cookies.split(/;\s*/)) {
    if (cookie.startsWith(`${name}=`)) return decode(cookie.slice(name.length + 1));
  }
  return null;
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value; // it is not encoded
  }
}
