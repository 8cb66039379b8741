import type { Dict, Match, Message, Payload } from './messages.js';
import type { Gap, Position, Progress } from './positions.js';
import { isTemporary } from './temporary.js';
import type { Explanation, Trouble } from './trouble.js';

/** The configuration of a connection. */
export interface Config {
  readonly realm: string;
  readonly tab: string | null;
  readonly agent: string;
  readonly tickets: boolean; // the page has a ticket callback; without one it is anonymous
  readonly explains: boolean; // the shell can find out why a connection did not open
  readonly queue: QueueLimits;
}

/** What may wait for a session. */
export interface QueueLimits {
  readonly requests: number;
  readonly bytes: number; // of all payloads
}

/** The session and its identity, as WELCOME has them. */
export interface Session {
  readonly id: number;
  readonly user: string;
  readonly name: string;
  readonly role: string;
  readonly roles: readonly string[];
  readonly tenant: string;
}

/** The cause of a failure: the URI is for programs, the message for people. */
export interface Failure {
  readonly uri: string;
  readonly message: string;
  readonly temporary?: boolean; // the same request may succeed later (temporary.ts)
  readonly payload: Payload;
}

/**
 * The phases of a connection.
 *
 *     idle -> connecting -> authenticating -> open -> closing -> closed
 *                 ^  \____________|____________|
 *                 |               v            \
 *                 +----------- waiting          refused (until retry is called)
 */
export type Phase =
  | { readonly name: 'idle' | 'connecting' | 'closing' | 'closed' }
  | { readonly name: 'waiting'; readonly trouble: Trouble }
  | { readonly name: 'authenticating'; readonly challenged: boolean; readonly answered: boolean }
  | { readonly name: 'open'; readonly session: Session }
  | { readonly name: 'refused'; readonly reason: string; readonly message: string };

export type InterestKind = 'subscription' | 'registration';

/** A subscription or registration that the page wants, over all sessions. */
export interface Interest {
  readonly key: string;
  readonly kind: InterestKind;
  readonly uri: string;
  readonly match: Match;
  readonly status: 'absent' | 'requested' | 'active' | 'waiting' | 'refused'; // waiting: refused, and requested again later
  readonly requestId: number; // of SUBSCRIBE or REGISTER while requested, otherwise 0
  readonly id: number; // of the subscription or registration once active in this session, otherwise 0
  readonly wanted: boolean; // false: released before the router has answered
  readonly tries: number; // temporary refusals in a row
  readonly retained: 'no' | 'wanted' | 'asked'; // the retained event, by a handler
  readonly failure: Failure | null; // of the last refusal
  readonly progress: Progress; // of a subscription
}

/** What the page asks for. */
export interface Wish {
  readonly key: string;
  readonly kind: InterestKind;
  readonly uri: string;
  readonly match: Match;
  readonly last?: number; // of the kept events, for a handler that is new
  readonly since?: Position | undefined; // of what the page shows already
  readonly retained?: boolean;
}

/** A call or an acknowledged publication that waits for its answer, or for a session. */
export interface Request {
  readonly token: number;
  readonly kind: 'call' | 'publish';
  readonly uri: string;
  readonly options: Dict;
  readonly payload: Payload;
  readonly bytes: number; // of the payload
  readonly repeat: boolean; // it may be sent again in the next session, if it has no answer
  readonly requestId: number | null; // null: not sent yet
}

/** The ticket for the next login, from the question to its use (ticket.ts). */
export interface Ticket {
  readonly asked: number; // the attempt that asked, while the page's backend has not answered; otherwise 0
  readonly value: string | null; // a ticket that was not used yet
  readonly attempt: number; // the attempt during which the value came
}

export interface State {
  readonly config: Config;
  readonly phase: Phase;
  readonly attempt: number; // number of the socket in use; inputs of older sockets are dropped
  readonly tries: number; // since the last session that reset the back-off
  readonly unopened: number; // connections in a row that did not open
  readonly explained: Explanation | null; // why they did not
  readonly denials: number; // tickets denied in a row
  readonly user: string | null; // of the last session
  readonly renewals: number; // attempts to renew the session that failed in a row
  readonly ticket: Ticket;
  readonly lastRequest: number; // id of the last request; WAMP counts from 1 in each session
  readonly interests: ReadonlyMap<string, Interest>;
  readonly ids: ReadonlyMap<string, string>; // idKey of an active interest -> its key
  readonly requests: ReadonlyMap<number, Request>;
}

export type Timer = 'retry' | 'opening' | 'stable' | 'closing' | 'interests' | 'renewal';

export type Input =
  | { readonly type: 'start' | 'retry' | 'close' | 'probe' | 'wake' | 'suspend' }
  | { readonly type: 'network' } // it has changed or came back
  | { readonly type: 'dead' } // the router is silent, although it was asked
  | { readonly type: 'opened'; readonly attempt: number }
  | { readonly type: 'received'; readonly attempt: number; readonly message: unknown }
  | { readonly type: 'lost'; readonly attempt: number }
  | { readonly type: 'explained'; readonly explanation: Explanation }
  | { readonly type: 'ticket'; readonly attempt: number; readonly ticket: string }
  | { readonly type: 'no-ticket'; readonly attempt: number; readonly message: string; readonly final: boolean; readonly cause?: unknown }
  | { readonly type: 'renewed'; readonly attempt: number; readonly details: Dict }
  | { readonly type: 'not-renewed'; readonly attempt: number; readonly failure: Failure; readonly final: boolean }
  | { readonly type: 'elapsed'; readonly timer: Timer }
  | ({ readonly type: 'want' } & Wish)
  | { readonly type: 'release'; readonly key: string }
  | { readonly type: 'request'; readonly request: Omit<Request, 'requestId'> }
  | { readonly type: 'expired' | 'canceled'; readonly token: number }
  | { readonly type: 'publish'; readonly uri: string; readonly options: Dict; readonly payload: Payload }
  | { readonly type: 'answer'; readonly attempt: number; readonly request: number; readonly outcome: Answer };

export type Answer = { readonly result: Payload } | { readonly failure: Failure };

/** What the router delivers for an interest: the content of an event or an invocation. */
export interface Delivery {
  readonly uri: string; // the topic or procedure, also if the interest is a pattern
  readonly details: Dict;
  readonly payload: Payload;
}

/** An event for the handlers of an interest. */
export interface Arrival {
  readonly type: 'event';
  readonly key: string;
  readonly publication: number;
  readonly delivery: Delivery;
  readonly position: Position | null;
  readonly old: boolean; // only for handlers that want the last events
  readonly afterGap: boolean; // events before it are missing
  readonly skipped: number; // events that the router has left out before it
}

export type Output =
  | { readonly type: 'phase'; readonly phase: Phase; readonly tries: number }
  | { readonly type: 'connect'; readonly attempt: number }
  | { readonly type: 'send'; readonly message: Message }
  | { readonly type: 'disconnect' }
  | { readonly type: 'ask-ticket'; readonly attempt: number }
  | { readonly type: 'explain'; readonly again: boolean } // why the connection did not open; `again`: several in a row
  | { readonly type: 'renew'; readonly attempt: number }
  | { readonly type: 'start-timer'; readonly timer: Timer; readonly tries: number; readonly after?: number } // ms; otherwise the shell's
  | { readonly type: 'stop-timer'; readonly timer: Timer }
  | Arrival
  | { readonly type: 'invoked'; readonly key: string; readonly attempt: number; readonly request: number; readonly delivery: Delivery }
  // So many of the last events follow; `again`: it was active in this session before, and no handler was added.
  | { readonly type: 'interest-active'; readonly key: string; readonly history: number; readonly again: boolean }
  | { readonly type: 'interest-changed'; readonly key: string } // its progress, as far as the page sees it
  | { readonly type: 'gap'; readonly key: string; readonly gap: Gap }
  | { readonly type: 'interest-refused'; readonly key: string; readonly failure: Failure }
  | { readonly type: 'answer-refused'; readonly failure: Failure }
  | { readonly type: 'settled'; readonly token: number; readonly result: Payload; readonly publication: number | null }
  | { readonly type: 'failed'; readonly token: number; readonly failure: Failure };

export type Step = readonly [State, readonly Output[]];

export function initial(config: Config): State {
  return {
    config,
    phase: { name: 'idle' },
    attempt: 0,
    tries: 0,
    unopened: 0,
    explained: null,
    denials: 0,
    user: null,
    renewals: 0,
    ticket: { asked: 0, value: null, attempt: 0 },
    lastRequest: 0,
    interests: new Map(),
    ids: new Map(),
    requests: new Map(),
  };
}

/** Runs the next step after this one and returns the outputs of both. */
export function andThen([state, outputs]: Step, next: (state: State) => Step): Step {
  const [after, more] = next(state);
  return [after, [...outputs, ...more]];
}

export function send(...messages: Message[]): Output[] {
  return messages.map((message) => ({ type: 'send', message }));
}

/** Reports the phase to the page, after the outputs. */
export function show(state: State, outputs: readonly Output[]): Step {
  return [state, [...outputs, { type: 'phase', phase: state.phase, tries: state.tries }]];
}

export function startTimer(timer: Timer, tries = 0, after?: number): Output {
  return { type: 'start-timer', timer, tries, ...(after === undefined ? {} : { after }) };
}

export function stopTimer(timer: Timer): Output {
  return { type: 'stop-timer', timer };
}

export function failure(uri: string, message: string): Failure {
  return { uri, message, temporary: isTemporary(uri), payload: { args: [], kwargs: {} } };
}

/** Returns the failure of an ERROR; its message is kwargs.message or args[0] if that is a string. */
export function failureFrom(uri: string, payload: Payload): Failure {
  const message = payload.kwargs['message'] ?? payload.args[0];
  return { uri, message: typeof message === 'string' ? message : uri, temporary: isTemporary(uri), payload };
}

/** Returns the key of an id: a subscription and a registration may have the same one. */
export function idKey(kind: InterestKind, id: number): string {
  return `${kind} ${id}`;
}
