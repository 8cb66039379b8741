/**
 * Explains what went wrong: why a connection did not open, why there is no ticket, and what page and server say to each
 * other. Loaded only when it is needed.
 */
import { Code } from './messages.js';
import type { NoTicket, TicketOutcome } from './ticket-source.js';
import { type Explanation, type TidingsError, trouble } from './trouble.js';

const PATIENCE = 10_000; // ms that the server may take to say why
const RARELY = 60_000; // ms between tries that are of no use until a person acts
const CUT = 500; // characters of a message that are printed

/** Returns why a connection did not open; null: it is too early to say. `again` means that several in a row did not. */
export type Explainer = (again: boolean) => Promise<Explanation | null>;

/** Explains the connections to an address, until the signal aborts. */
export function explainer(socket: URL, over: AbortSignal): Explainer {
  const address = httpAddress(socket);
  const forbidden = new Set<string>(); // addresses that the policy of the page did not allow
  const note = ({ blockedURI }: SecurityPolicyViolationEvent): void => void forbidden.add(blockedURI);
  globalThis.document?.addEventListener('securitypolicyviolation', note, { signal: over });
  return async (again) => {
    const known = withoutAsking(socket);
    if (known) return known;
    const explanation = await ask(socket, address, again);
    await new Promise((resolve) => setTimeout(resolve)); // the browser reports a violation a little later
    const violated = [...forbidden].some((uri) => uri !== '' && (socket.href.startsWith(uri) || address.href.startsWith(uri)));
    return violated ? forbiddenByPage(socket, address) : explanation;
  };
}

function withoutAsking(socket: URL): Explanation | null {
  const { location, navigator } = globalThis as { location?: Location; navigator?: Navigator };
  if (location?.protocol === 'https:' && socket.protocol === 'ws:' && !isLocal(socket.hostname)) {
    return rarely(trouble('mixed_content', `a page of https may not connect to ${shown(socket)}: use wss`));
  }
  return navigator?.onLine === false ? trouble('offline', 'the browser has no network') : null;
}

/** Sends a POST without a body to the address of the WebSocket. A browser allows it for every origin, without a preflight. */
async function ask(socket: URL, address: URL, again: boolean): Promise<Explanation | null> {
  try {
    const answer = await post(address, 'cors', 'manual');
    return answer.type === 'opaqueredirect' ? redirect(socket) : await read(answer, socket, again);
  } catch {
    return unreadable(address, socket);
  }
}

function post(address: URL, mode: RequestMode, redirect: RequestRedirect): Promise<Response> {
  return fetch(address, {
    method: 'POST', body: '', headers: { 'Content-Type': 'text/plain' }, mode, redirect, credentials: 'omit', cache: 'no-store',
    signal: AbortSignal.timeout(PATIENCE),
  });
}

/** Explains by what the server says. */
async function read(answer: Response, socket: URL, again: boolean): Promise<Explanation | null> {
  const { status, headers } = answer;
  const type = (headers.get('Content-Type') ?? 'no type').split(';')[0]!;
  const body = /json$/.test(type) ? ((await answer.json().catch(() => null)) as Record<string, unknown> | null) : null;
  if (status === 200 && body?.['accepted'] === true) return again ? blocked(socket) : null; // it may have started just now
  const detail = String(body?.['detail'] ?? '');
  const reason = body?.['reason'] ?? (status === 404 ? 'path' : undefined);
  if (type !== 'application/problem+json' || typeof reason !== 'string') {
    const message = `${shown(socket)} is answered by something that is not Tidings (${status}, ${type}): check the address, and what the proxy does with its path`;
    return slower({ reason: 'not_tidings', message, status });
  }
  const more = String(body?.['type'] ?? '');
  const message = refusal(reason, socket, detail) + (/^https?:/.test(more) ? ` (${more})` : '');
  return slower({ reason, message, status }, wait(headers.get('Retry-After'), body?.['retry_after']));
}

function refusal(reason: string, socket: URL, detail: string): string {
  if (reason !== 'origin') return `the server refuses the connection to ${shown(socket)}: ${detail || reason}`;
  const origin = globalThis.location?.origin ?? 'null';
  return `the server at ${shown(socket)} refuses pages of ${origin}: add "${origin}" to origins in its tidings.yaml`;
}

function blocked(socket: URL): Explanation {
  return trouble('no_upgrade', `the server accepts this page, but ${shown(socket)} does not open: a proxy on the way does not pass the headers Upgrade and Connection on`);
}

function redirect(socket: URL): Explanation {
  return rarely(trouble('redirect', `${shown(socket)} answers with a redirect, which a WebSocket does not follow: use the address that it leads to (wss if that is https)`));
}

function forbiddenByPage(socket: URL, address: URL): Explanation {
  return rarely(trouble('forbidden_by_page', `the Content-Security-Policy of the page does not allow ${shown(socket)}, or ${address.origin} to ask why: add both to connect-src`));
}

/** Explains an answer that the browser hides: another program has sent it, or nothing has answered. */
async function unreadable(address: URL, socket: URL): Promise<Explanation> {
  if (await answers(address)) {
    const message = `something answers at ${shown(socket)}, but a page may not read what: it is not Tidings, or a proxy answers in its place. Open ${shown(address)} in a tab to see it`;
    return { reason: 'not_tidings', message, status: null };
  }
  const other = new URL(address);
  other.protocol = address.protocol === 'https:' ? 'http:' : 'https:';
  const may = other.protocol === 'https:' || globalThis.location?.protocol !== 'https:'; // otherwise it is mixed content
  if (address.port !== '' && may && (await answers(other))) {
    return rarely(trouble('unreachable', `nothing answers at ${shown(socket)}, but at ${shown(other)}: use ${other.protocol === 'https:' ? 'wss' : 'ws'}`));
  }
  const tls = socket.protocol === 'wss:' ? ', or its certificate is not valid' : '';
  return trouble('unreachable', `nothing answers at ${shown(socket)}: the server does not run, its name or port is another one${tls}, or it redirects to such an address`);
}

function answers(address: URL): Promise<boolean> {
  return post(address, 'no-cors', 'follow').then(() => true, () => false);
}

// ---- when to try again ----

/** Returns an explanation with the time to wait: what a person has to mend takes longer than a restart. */
function slower(explanation: Explanation, retryAfter?: number): Explanation {
  if (retryAfter !== undefined) return { ...explanation, after: spread(retryAfter) };
  const status = explanation.status ?? 500;
  return status >= 400 && status < 500 ? rarely(explanation) : explanation;
}

function rarely(explanation: Explanation): Explanation {
  return { ...explanation, after: spread(RARELY) };
}

/** Returns a wait that is a little longer, and another one in each page. */
function spread(wait: number): number {
  return Math.round(wait * (1 + Math.random() / 4));
}

/** Returns the ms of the header Retry-After, or of the member of the document for pages that may not read the header. */
function wait(header: string | null, member: unknown): number | undefined {
  const seconds = header === null ? member : Number(header);
  return typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined;
}

// ---- addresses ----

function httpAddress(socket: URL): URL {
  const address = new URL(socket);
  address.protocol = socket.protocol.replace(/^ws/, 'http');
  address.searchParams.delete('ticket'); // it is accepted once
  return address;
}

/** Returns an address without its query, which may have a ticket. */
function shown({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}

function isLocal(host: string): boolean {
  return /^(localhost|127\.[\d.]+|\[::1\])$|\.localhost$/.test(host);
}

// ---- tickets ----

/** Says why there is no ticket. */
export function ticketFault({ given, thrown, late, callback = ticketFault }: TicketOutcome): NoTicket {
  if (late !== undefined) return { message: `the ticket callback has not answered in ${late / 1000} s (ticketTimeout)`, final: false };
  if (thrown === undefined) return { message: notATicket(given), final: false };
  if (typeof callback !== 'function') {
    return { message: `the option ticket is a ${typeof callback}, and must be a function that fetches a new ticket for each connection`, final: false };
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const hint = thrown instanceof SyntaxError ? ' (its answer is not JSON: is the address right, and the user logged in?)' : '';
  return { message: `the ticket callback has thrown: ${message}${hint}`, final: false, cause: thrown };
}

/** Says what is wrong with a value that the ticket callback has given. */
function notATicket(value: unknown): string {
  const given = 'the ticket callback has given';
  if (typeof Response !== 'undefined' && value instanceof Response) {
    if (!value.ok) return `the address of the ticket callback has answered ${value.status} ${value.statusText}`.trimEnd();
    return `${given} a Response: return (await response.json()).ticket`;
  }
  if (typeof value === 'string') {
    if (/^\s*</.test(value)) return `${given} HTML: is the address right, and the user logged in?`;
    if (/^\s*[{[]/.test(value)) return `${given} JSON: return its member ticket`;
    return value.trim() === '' ? `${given} an empty text` : `${given} a text with spaces or line breaks: a ticket has none`;
  }
  const member = typeof value === 'object' && value !== null && 'ticket' in value ? ': return its member ticket' : '';
  return `${given} ${value === null ? 'null' : typeof value} instead of a text${member || ': does it return the ticket?'}`;
}

// ---- what is said ----

const HIDDEN = '(hidden)';

/** Returns a message in one line, shortened, without tickets. */
export function describe(message: unknown): string {
  const shownMessage = Array.isArray(message) ? withoutTickets(message) : message;
  const line = JSON.stringify(shownMessage) ?? String(shownMessage);
  return line.length > CUT ? `${line.slice(0, CUT)}... (${line.length} characters)` : line;
}

function withoutTickets(message: readonly unknown[]): readonly unknown[] {
  const [code, , , uri] = message;
  if (code === Code.authenticate) return [code, HIDDEN, ...message.slice(2)];
  if (code === Code.call && uri === 'tidings.session.renew') return [...message.slice(0, 4), [HIDDEN]];
  return message;
}

// ---- the console ----

/** The reasons that go away by themselves: a warning is enough. */
const PASSING: ReadonlySet<string> = new Set(['closed', 'lost', 'offline', 'draining', 'timeout']);

/** Prints an error in one line. */
export function print({ message, reason, failure, cause }: TidingsError): void {
  const passes = PASSING.has(reason) || failure?.temporary === true;
  console[passes ? 'warn' : 'error'](`tidings: ${message}`, ...(cause === undefined ? [] : [cause]));
}
