/** What the page passes to a connection, and what it gets back. */
import type { HeartbeatOptions } from './heartbeat.js';
import type { Match, Payload } from './messages.js';
import type { Gap, Position } from './positions.js';
import type { ShareOptions } from './share.js';
import type { Delivery, Failure, QueueLimits, Session } from './state.js';
import type { ReporterOptions } from './reporter.js';
import type { Status } from './status.js';
import type { TicketCallback } from './ticket-source.js';
import type { Dial } from './transport.js';
import type { Reason } from './trouble.js';

export interface Options extends ReporterOptions {
  readonly url: string | URL; // relative to the page; http(s) becomes ws(s)
  readonly realm?: string;
  /**
   * Fetches a one-time ticket from the page's backend, once for each login. It may take longer than the server lets a
   * connection wait: the ticket is then for the next connection. Without it the page is anonymous.
   */
  readonly ticket?: TicketCallback;
  /** How long `ticket` may take, in ms: 30000 by default. Then the connection waits and asks again. */
  readonly ticketTimeout?: number;
  /** The tab's identity. By default the SDK makes one and keeps it in sessionStorage. */
  readonly tab?: string;
  /**
   * Whether the tabs of the browser share one connection to this address, each with a session of its own; by default they
   * do where the browser can. Tabs of different users never share.
   */
  readonly share?: boolean | ShareOptions;
  /** Opens what carries the messages. By default it is a WebSocket, shared or not, or long-poll where WebSockets are blocked. */
  readonly transport?: Dial;
  /** How a dead connection is found; false: not at all. */
  readonly heartbeat?: HeartbeatOptions | false;
  /** How many calls and acknowledged publications may wait for a connection: 100 by default, with 256 KiB. */
  readonly queue?: Partial<QueueLimits>;
  /** Prints the conversation with the server to the console: messages are shortened, tickets hidden. */
  readonly debug?: boolean;
}

/** The state of the connection, for the page to show. */
export type ConnectionState =
  | { readonly name: 'connecting' | 'authenticating'; readonly tries: number }
  | { readonly name: 'open'; readonly session: Session }
  | {
    readonly name: 'waiting'; readonly tries: number; readonly retryAt: Date;
    readonly reason: Reason;
    readonly message: string; // what failed, and what to do
    readonly status: number | null; // of HTTP, if the address has answered with one
  }
  | { readonly name: 'refused'; readonly reason: string; readonly message: string }
  | { readonly name: 'closed' };

export interface TopicEvent extends Delivery {
  readonly publication: number;
  readonly position: Position | null; // null: the event is not kept
  readonly afterGap: boolean; // events before it are missing, and cannot be had
  readonly skipped: number; // events before it that the router has left out, because this page does not keep up
}

/** @deprecated Use TopicEvent: this name hides the DOM's Event from a module that imports it. */
export type Event = TopicEvent;

export type EventHandler = (event: TopicEvent) => void;
export type Procedure = (invocation: Delivery) => Partial<Payload> | void | Promise<Partial<Payload> | void>;

export interface SubscribeOptions {
  readonly match?: Match;
  /** Delivers the last events of a kept topic first, at most as many. */
  readonly history?: number;
  /** Delivers the retained event first, also to a handler that comes later. */
  readonly retained?: boolean;
  /** Delivers first what was published after this position: of what the page's backend has rendered, for example. */
  readonly since?: Position;
  /** Called when events are missing that cannot be had: load anew what the page shows. */
  readonly onGap?: (gap: Gap) => void;
  readonly onActive?: () => void; // called in each session, and when another handler is added
  /** @deprecated Use onActive. */
  readonly onHeld?: () => void;
  /** Called when the router refuses. After a failure that is temporary the SDK tries again, and calls onActive in the end. */
  readonly onRefused?: (failure: Failure) => void;
}

export type RegisterOptions = Pick<SubscribeOptions, 'match' | 'onActive' | 'onHeld' | 'onRefused'>;

/** A subscription or registration; the connection renews it after each reconnect until it is released. */
export interface Handle {
  readonly uri: string;
  release(): void;
}

export interface Subscription extends Handle {
  /** Whether what the page has of the topic is true. It is the same object until it changes. */
  readonly status: Status;
  /** Calls the listener after each change of the status, until the returned function is called. */
  onStatus(listener: (status: Status) => void): () => void;
}

export interface CallOptions extends Partial<Payload> {
  readonly timeout?: number; // ms until it fails, also while it waits for a connection; default 10000
  readonly signal?: AbortSignal; // cancels it
  /** The procedure may be called twice: the call is sent again if the connection was lost before the answer came. */
  readonly repeatable?: boolean;
}

export interface PublishOptions extends Omit<CallOptions, 'repeatable'> {
  readonly acknowledge?: boolean; // wait for a session, and for PUBLISHED
  readonly excludeMe?: boolean; // default true
  /** Publications with the same id are published once. By default an acknowledged publication has an id of its own. */
  readonly id?: string;
  readonly version?: number; // of the document; an older one is refused
  readonly key?: string; // the row of a table
  readonly remove?: boolean; // deletes the row
}
