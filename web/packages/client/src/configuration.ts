/** The options of a connection as the machine and the shell take them. */
import type { Options } from './options.js';
import type { Config } from './state.js';

const QUEUED = 100; // requests that wait for a connection
const QUEUED_BYTES = 1 << 18; // of their payloads

declare const __TIDINGS_VERSION__: string; // version of package.json; the build defines it
const AGENT = `tidings-js/${__TIDINGS_VERSION__}`;

export function configFrom({ realm = 'app', ticket, queue = {}, transport }: Options, tab: string | null): Config {
  const limits = { requests: queue.requests ?? QUEUED, bytes: queue.bytes ?? QUEUED_BYTES };
  return { realm, tab, agent: AGENT, tickets: ticket !== undefined, explains: transport === undefined, queue: limits };
}

/** Returns the address of the WebSocket. It is relative to the page, and http(s) becomes ws(s). */
export function addressFrom(url: string | URL): URL {
  const absolute = new URL(url, globalThis.location?.href);
  absolute.protocol = absolute.protocol.replace(/^http/, 'ws');
  return absolute;
}
