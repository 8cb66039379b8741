import type { Dict, Match, Message, Payload } from './messages.js';
import type { Gap, Position, Progress } from './positions.js';
/** The configuration of a connection. */
export interface Config {
    readonly realm: string;
    readonly tab: string | null;
    readonly agent: string;
    readonly tickets: boolean;
    readonly queue: QueueLimits;
}
/** What may wait for a session. */
export interface QueueLimits {
    readonly requests: number;
    readonly bytes: number;
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
    readonly temporary?: boolean;
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
export type Phase = {
    readonly name: 'idle' | 'connecting' | 'waiting' | 'closing' | 'closed';
} | {
    readonly name: 'authenticating';
    readonly challenged: boolean;
    readonly answered: boolean;
} | {
    readonly name: 'open';
    readonly session: Session;
} | {
    readonly name: 'refused';
    readonly reason: string;
    readonly message: string;
};
export type InterestKind = 'subscription' | 'registration';
/** A subscription or registration that the page wants, over all sessions. */
export interface Interest {
    readonly key: string;
    readonly kind: InterestKind;
    readonly uri: string;
    readonly match: Match;
    readonly status: 'absent' | 'requested' | 'active' | 'waiting' | 'refused';
    readonly requestId: number;
    readonly id: number;
    readonly wanted: boolean;
    readonly tries: number;
    readonly retained: 'no' | 'wanted' | 'asked';
    readonly failure: Failure | null;
    readonly progress: Progress;
}
/** What the page asks for. */
export interface Wish {
    readonly key: string;
    readonly kind: InterestKind;
    readonly uri: string;
    readonly match: Match;
    readonly last?: number;
    readonly since?: Position | undefined;
    readonly retained?: boolean;
}
/** A call or an acknowledged publication that waits for its answer, or for a session. */
export interface Request {
    readonly token: number;
    readonly kind: 'call' | 'publish';
    readonly uri: string;
    readonly options: Dict;
    readonly payload: Payload;
    readonly bytes: number;
    readonly repeat: boolean;
    readonly requestId: number | null;
}
/** The ticket for the next login, from the question to its use (ticket.ts). */
export interface Ticket {
    readonly asked: number;
    readonly value: string | null;
    readonly attempt: number;
}
export interface State {
    readonly config: Config;
    readonly phase: Phase;
    readonly attempt: number;
    readonly tries: number;
    readonly denials: number;
    readonly user: string | null;
    readonly renewals: number;
    readonly ticket: Ticket;
    readonly lastRequest: number;
    readonly interests: ReadonlyMap<string, Interest>;
    readonly ids: ReadonlyMap<string, string>;
    readonly requests: ReadonlyMap<number, Request>;
}
export type Timer = 'retry' | 'opening' | 'stable' | 'closing' | 'interests' | 'renewal';
export type Input = {
    readonly type: 'start' | 'retry' | 'close' | 'probe' | 'wake' | 'suspend';
} | {
    readonly type: 'network';
} | {
    readonly type: 'dead';
} | {
    readonly type: 'opened';
    readonly attempt: number;
} | {
    readonly type: 'received';
    readonly attempt: number;
    readonly message: unknown;
} | {
    readonly type: 'lost';
    readonly attempt: number;
} | {
    readonly type: 'ticket';
    readonly attempt: number;
    readonly ticket: string;
} | {
    readonly type: 'no-ticket';
    readonly attempt: number;
    readonly message: string;
    readonly final: boolean;
} | {
    readonly type: 'renewed';
    readonly attempt: number;
    readonly details: Dict;
} | {
    readonly type: 'not-renewed';
    readonly attempt: number;
    readonly failure: Failure;
    readonly final: boolean;
} | {
    readonly type: 'elapsed';
    readonly timer: Timer;
} | ({
    readonly type: 'want';
} & Wish) | {
    readonly type: 'release';
    readonly key: string;
} | {
    readonly type: 'request';
    readonly request: Omit<Request, 'requestId'>;
} | {
    readonly type: 'expired' | 'canceled';
    readonly token: number;
} | {
    readonly type: 'publish';
    readonly uri: string;
    readonly options: Dict;
    readonly payload: Payload;
} | {
    readonly type: 'answer';
    readonly attempt: number;
    readonly request: number;
    readonly outcome: Answer;
};
export type Answer = {
    readonly result: Payload;
} | {
    readonly failure: Failure;
};
/** What the router delivers for an interest: the content of an event or an invocation. */
export interface Delivery {
    readonly uri: string;
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
    readonly old: boolean;
    readonly afterGap: boolean;
    readonly skipped: number;
}
export type Output = {
    readonly type: 'phase';
    readonly phase: Phase;
    readonly tries: number;
} | {
    readonly type: 'connect';
    readonly attempt: number;
} | {
    readonly type: 'send';
    readonly message: Message;
} | {
    readonly type: 'disconnect';
} | {
    readonly type: 'ask-ticket';
    readonly attempt: number;
} | {
    readonly type: 'renew';
    readonly attempt: number;
} | {
    readonly type: 'start-timer';
    readonly timer: Timer;
    readonly tries: number;
    readonly after?: number;
} | {
    readonly type: 'stop-timer';
    readonly timer: Timer;
} | Arrival | {
    readonly type: 'invoked';
    readonly key: string;
    readonly attempt: number;
    readonly request: number;
    readonly delivery: Delivery;
} | {
    readonly type: 'interest-active';
    readonly key: string;
    readonly history: number;
    readonly again: boolean;
} | {
    readonly type: 'interest-changed';
    readonly key: string;
} | {
    readonly type: 'gap';
    readonly key: string;
    readonly gap: Gap;
} | {
    readonly type: 'interest-refused';
    readonly key: string;
    readonly failure: Failure;
} | {
    readonly type: 'answer-refused';
    readonly failure: Failure;
} | {
    readonly type: 'settled';
    readonly token: number;
    readonly result: Payload;
    readonly publication: number | null;
} | {
    readonly type: 'failed';
    readonly token: number;
    readonly failure: Failure;
};
export type Step = readonly [State, readonly Output[]];
export declare function initial(config: Config): State;
/** Runs the next step after this one and returns the outputs of both. */
export declare function andThen([state, outputs]: Step, next: (state: State) => Step): Step;
export declare function send(...messages: Message[]): Output[];
/** Reports the phase to the page, after the outputs. */
export declare function show(state: State, outputs: readonly Output[]): Step;
export declare function startTimer(timer: Timer, tries?: number, after?: number): Output;
export declare function stopTimer(timer: Timer): Output;
export declare function failure(uri: string, message: string): Failure;
/** Returns the failure of an ERROR; its message is kwargs.message or args[0] if that is a string. */
export declare function failureFrom(uri: string, payload: Payload): Failure;
/** Returns the key of an id: a subscription and a registration may have the same one. */
export declare function idKey(kind: InterestKind, id: number): string;
export declare function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V>;
export declare function withoutEntry<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V>;
