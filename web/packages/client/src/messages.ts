/**
 * The WAMP 2 messages of a client, and their form in JSON. This file checks the shape of a message; the machine checks if the
 * message is allowed in the current phase.
 */

export type Dict = Readonly<Record<string, unknown>>;
export type Match = 'exact' | 'prefix' | 'wildcard';

/** The application's data in an event, call, result or error. */
export interface Payload {
  readonly args: readonly unknown[];
  readonly kwargs: Dict;
}

export type Message = readonly unknown[];

export const Code = {
  hello: 1,
  welcome: 2,
  abort: 3,
  challenge: 4,
  authenticate: 5,
  goodbye: 6,
  error: 8,
  publish: 16,
  published: 17,
  subscribe: 32,
  subscribed: 33,
  unsubscribe: 34,
  unsubscribed: 35,
  event: 36,
  call: 48,
  cancel: 49,
  result: 50,
  register: 64,
  registered: 65,
  unregister: 66,
  unregistered: 67,
  invocation: 68,
  yield: 70,
} as const;

export type Incoming =
  | { readonly type: 'welcome'; readonly session: number; readonly details: Dict }
  | { readonly type: 'abort'; readonly details: Dict; readonly reason: string }
  | { readonly type: 'challenge'; readonly method: string }
  | { readonly type: 'goodbye'; readonly details: Dict; readonly reason: string }
  | { readonly type: 'error'; readonly of: number; readonly request: number; readonly uri: string; readonly payload: Payload }
  | { readonly type: 'published'; readonly request: number; readonly publication: number }
  | { readonly type: 'subscribed'; readonly request: number; readonly id: number; readonly details: Dict }
  | { readonly type: 'unsubscribed'; readonly request: number; readonly revoked: Revocation | null }
  | { readonly type: 'event'; readonly id: number; readonly publication: number; readonly details: Dict; readonly payload: Payload }
  | { readonly type: 'result'; readonly request: number; readonly payload: Payload }
  | { readonly type: 'registered'; readonly request: number; readonly id: number }
  | { readonly type: 'unregistered'; readonly request: number; readonly revoked: Revocation | null }
  | { readonly type: 'invocation'; readonly request: number; readonly id: number; readonly details: Dict; readonly payload: Payload }
  | { readonly type: 'malformed'; readonly problem: string };

/** The end of a subscription or registration by the router: UNSUBSCRIBED or UNREGISTERED with request id 0. */
export interface Revocation {
  readonly id: number;
  readonly reason: string;
  readonly message: string;
}

const readers: Readonly<Record<number, (fields: Fields) => Incoming>> = {
  [Code.welcome]: (f) => ({ type: 'welcome', session: f.id(1), details: f.dict(2) }),
  [Code.abort]: (f) => ({ type: 'abort', details: f.dict(1), reason: f.text(2) }),
  [Code.challenge]: (f) => ({ type: 'challenge', method: f.text(1) }),
  [Code.goodbye]: (f) => ({ type: 'goodbye', details: f.dict(1), reason: f.text(2) }),
  [Code.error]: (f) => ({ type: 'error', of: f.id(1), request: f.id(2), uri: f.text(4), payload: f.payload(5) }),
  [Code.published]: (f) => ({ type: 'published', request: f.id(1), publication: f.id(2) }),
  [Code.subscribed]: (f) => ({ type: 'subscribed', request: f.id(1), id: f.id(2), details: f.has(3) ? f.dict(3) : {} }),
  [Code.unsubscribed]: (f) => ({ type: 'unsubscribed', ...f.release('subscription') }),
  [Code.event]: (f) => ({ type: 'event', id: f.id(1), publication: f.id(2), details: f.dict(3), payload: f.payload(4) }),
  [Code.result]: (f) => ({ type: 'result', request: f.id(1), payload: f.payload(3) }),
  [Code.registered]: (f) => ({ type: 'registered', request: f.id(1), id: f.id(2) }),
  [Code.unregistered]: (f) => ({ type: 'unregistered', ...f.release('registration') }),
  [Code.invocation]: (f) => ({
    type: 'invocation', request: f.id(1), id: f.id(2), details: f.dict(3), payload: f.payload(4),
  }),
};

/** Reads a message. An invalid one is returned as `malformed`; parse never throws. */
export function parse(message: unknown): Incoming {
  try {
    if (!Array.isArray(message)) throw new Malformed('a message is a list');
    const read = typeof message[0] === 'number' ? readers[message[0]] : undefined;
    if (!read) throw new Malformed(`a router does not send message code ${String(message[0])}`);
    return read(new Fields(message));
  } catch (error) {
    return { type: 'malformed', problem: error instanceof Error ? error.message : String(error) };
  }
}

class Malformed extends Error {}

class Fields {
  readonly #message: readonly unknown[];

  constructor(message: readonly unknown[]) {
    this.#message = message;
  }

  id(at: number): number {
    const value = this.#message[at];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) throw this.#wrong(at, 'an id');
    return value;
  }

  has(at: number): boolean {
    return at < this.#message.length;
  }

  text(at: number): string {
    const value = this.#message[at];
    if (typeof value !== 'string') throw this.#wrong(at, 'a string');
    return value;
  }

  dict(at: number): Dict {
    const value = this.#message[at];
    if (isEmptyList(value)) return {}; // PHP has one form for both
    if (!isDict(value)) throw this.#wrong(at, 'an object');
    return value;
  }

  payload(at: number): Payload {
    const args = this.#message[at] ?? [];
    if (!Array.isArray(args)) throw this.#wrong(at, 'a list');
    const kwargs = (this.#message[at + 1] ?? null) === null ? {} : this.dict(at + 1);
    return { args, kwargs };
  }

  /** Reads UNSUBSCRIBED or UNREGISTERED: an answer, or a revocation by the router (request id 0). */
  release(key: string): { request: number; revoked: Revocation | null } {
    if (this.#message[1] !== 0) return { request: this.id(1), revoked: null };
    const details = this.dict(2);
    const id = details[key];
    if (typeof id !== 'number') throw this.#wrong(2, `an object with the ${key}`);
    return { request: 0, revoked: { id, reason: textOf(details, 'reason'), message: textOf(details, '_message') } };
  }

  #wrong(at: number, wanted: string): Malformed {
    return new Malformed(`message code ${String(this.#message[0])}: element ${at} is not ${wanted}`);
  }
}

/** Returns the value of a frame, or the frame itself if it is not JSON: `parse` then refuses it as a text. */
export function decode(frame: string): unknown {
  try {
    return JSON.parse(frame);
  } catch {
    return frame;
  }
}

/**
 * Returns the frame of a message. A text that was cut inside a character (by `slice`, for example) has half of a
 * surrogate pair, which no serialization but JSON can carry and the router refuses. It becomes U+FFFD, as in toWellFormed.
 */
export function encode(message: Message): string {
  const frame = JSON.stringify(message);
  // JSON.stringify escapes only the halves that have no other half. Each escape is looked at as a whole, because the
  // text itself may have a backslash before ud83d.
  return frame.includes('\\ud') ? frame.replace(/\\(?:u(d[89a-f][0-9a-f]{2})|[^])/g, (escape, half) => (half ? '\ufffd' : escape)) : frame;
}

/** Returns the payload as the last elements of a message, without those that are empty. */
export function trailing({ args, kwargs }: Payload): Message {
  if (Object.keys(kwargs).length > 0) return [args, kwargs];
  return args.length > 0 ? [args] : [];
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

export function isDict(value: unknown): value is Dict {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns the string under a key, or an empty one if the value has another type. */
export function textOf(dict: Dict, key: string): string {
  const value = dict[key];
  return typeof value === 'string' ? value : '';
}

export function textsOf(dict: Dict, key: string): readonly string[] {
  const value = dict[key];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
