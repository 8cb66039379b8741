/** The client of the demo's backend, which stands for the backend of a business application. */

export interface User {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
}

export interface Order {
  readonly id: number;
  readonly customer: string;
  readonly item: string;
  readonly quantity: number;
  readonly price: number;
  readonly status: string;
  readonly note: string;
  readonly version: number;
  readonly updated_by: string;
  readonly updated_at: string;
}

export type OrderFields = Pick<Order, 'customer' | 'item' | 'quantity' | 'price' | 'status' | 'note'>;

/** An error answer of the backend. Status 409 means that the order was saved by another page meanwhile. */
export class Problem extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** No answer: the server or the network is down, or a proxy answers in the server's place. A save may have arrived. */
export class Unreachable extends Error {
  constructor(cause?: unknown) {
    super('The server does not answer', { cause });
  }
}

const BASE = new URL('./api/', document.baseURI);
const PATIENCE = 10_000; // ms; without an answer until then the network is taken for silent
const GATEWAY: readonly number[] = [502, 503, 504]; // of a proxy whose server is away, and of a server that stops

export function users(): Promise<readonly User[]> {
  return request('users');
}

export async function ticket(user: string): Promise<string> {
  const answer = await request<{ ticket: string }>(`ticket?user=${encodeURIComponent(user)}`, { method: 'POST' });
  return answer.ticket;
}

export function orders(): Promise<readonly Order[]> {
  return request('orders');
}

export function order(id: number): Promise<Order> {
  return request(`orders/${id}`);
}

/** Saves an order. The backend passes the tab on, so that this page is not notified of its own change. */
export function saveOrder(id: number, body: OrderFields & { version: number }, from: { user: string; tab: string }): Promise<Order> {
  const headers = { 'Demo-User': from.user, 'Tidings-Tab': from.tab };
  return request(`orders/${id}`, { method: 'PUT', headers, body: JSON.stringify(body) });
}

export async function sendFlash(flash: { to: string; text: string; level: string }, user: string): Promise<void> {
  await request('flash', { method: 'POST', headers: { 'Demo-User': user }, body: JSON.stringify(flash) });
}

async function request<T>(path: string, init: RequestInit = {}): Promise<T> {
  const { status, text } = await answer(path, init);
  if (status >= 400) throw new Problem(status, explain(text) || `the server answered ${status}`);
  return (text === '' ? null : JSON.parse(text)) as T;
}

async function answer(path: string, init: RequestInit): Promise<{ status: number; text: string }> {
  const headers = { Accept: 'application/json', ...(init.body ? { 'Content-Type': 'application/json' } : {}), ...init.headers };
  try {
    const response = await fetch(new URL(path, BASE), { ...init, headers, cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) });
    const text = await response.text();
    if (!GATEWAY.includes(response.status)) return { status: response.status, text };
  } catch (error) { // a TypeError: no connection; a TimeoutError: no answer
    throw new Unreachable(error);
  }
  throw new Unreachable();
}

function explain(text: string): string {
  try {
    const problem = JSON.parse(text) as { detail?: string; title?: string };
    return problem.detail ?? problem.title ?? '';
  } catch {
    return '';
  }
}
