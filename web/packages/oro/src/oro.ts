/** The service for Oro's `sync`, with the face of Oro's own module `orosync/js/sync/wamp`, on the SDK of Tidings. */
import { connect, type Connection, type Gap, type ReporterOptions, type ShareOptions } from '@tidings/client';
import { type ChannelCallback, Channels } from './channels.js';
import { Events } from './events.js';
import { type Loss, Outage } from './outage.js';
import { type TicketOptions, ticketsFrom } from './tickets.js';

export type { ChannelCallback } from './channels.js';
export type { Callback, Events } from './events.js';
export type { Loss } from './outage.js';
export type { TicketOptions } from './tickets.js';

declare const __WORKER__: boolean; // whether the file tidings-worker.js can be beside this one; the build defines it

export interface Options extends TicketOptions, ReporterOptions {
  /** The name of the server. `*` is that of the page. */
  readonly host: string;
  readonly port?: number | string; // by default that of the scheme
  readonly path?: string; // with or without slashes at its ends
  readonly secure?: boolean | string; // wss
  readonly realm?: string;
  /** How long a lost connection is no event, in ms: 15000 by default. 0: `connection_lost` at once. */
  readonly keepReconnectTimeout?: number;
  /**
   * How long the server remembers changed tags for pages whose connection was lost, in ms: 600000 by default, as `oro.missed_for`
   * of the server. 0: a server without the section `oro`. It decides only on what is told as a gap.
   */
  readonly missedFor?: number;
  /** How long the page waits after the server has refused the user, in ms, times the refusals in a row: 60000 by default. */
  readonly retryDelay?: number;
  /** Whether the tabs of the browser share one connection, as in the SDK: by default they do. */
  readonly share?: boolean | ShareOptions;
  /** Prints the conversation with the server to the console, without tickets. */
  readonly debug?: boolean;
  /** Has no effect: the SDK never gives up. */
  readonly maxRetries?: number;
  /** Has no effect: the SDK waits 0.5 to 1 s, then longer with each try, at most 30 s. */
  readonly keepReconnectRetryDelay?: number;
  /** Has no effect: the server always answers with the subprotocol. */
  readonly skipSubprotocolCheck?: boolean;
  /** Has no effect, as `skipSubprotocolCheck`. */
  readonly skipSubprotocolAnnounce?: boolean;
}

/** What `gap` is triggered with: events of the channel may be missing, and cannot be had. */
export interface ChannelGap {
  readonly channel: string;
  readonly kept: boolean; // false: the server keeps nothing of the channel, so that it cannot say whether something was missed
}

const PATIENCE = 15_000; // ms
const RETRY = 60_000; // ms
const MISSED_FOR = 600_000; // ms

/** The channels of which the server tells a page that returns what it has missed, though they are not kept. */
const MADE_UP: ReadonlySet<string> = new Set(['oro/data/update', 'oro/maintenance', 'oro/ping']);

/**
 * Connects when it is made. Triggers
 *
 *     connection_established  the connection is open: for the first time, or after `connection_lost`
 *     connection_lost         (loss: Loss) it is lost for longer than `keepReconnectTimeout`, or the user is refused
 *     gap                     (gap: ChannelGap) events of a channel may be missing
 */
export default class Wamp extends Events {
  /** The SDK's connection, for what version 1 has not: content, presence, calls. */
  readonly connection: Connection;
  readonly #channels: Channels;

  constructor(options: Options) {
    super();
    const { onError, quiet, realm, debug } = options;
    const ticket = ticketsFrom(options);
    this.connection = connect({
      url: addressFrom(options), share: shareFrom(options.share),
      ...(ticket && { ticket }), ...(realm !== undefined && { realm }), ...(debug !== undefined && { debug }),
      ...(quiet !== undefined && { quiet }), ...(onError && { onError }),
    });
    const outage = new Outage({ patience: options.keepReconnectTimeout ?? PATIENCE, retryDelay: options.retryDelay ?? RETRY }, {
      established: () => this.#tell('connection_established'),
      lost: (loss: Loss) => this.#tell('connection_lost', loss),
      retry: () => this.connection.retry(),
    });
    this.connection.onState((state) => outage.see(state));
    const { missedFor = MISSED_FOR } = options;
    this.#channels = new Channels(this.connection, (channel, { kept }: Gap) => {
      const { ms, left } = outage.absence;
      const madeUp = !kept && MADE_UP.has(channel) && !left && ms < missedFor;
      if (!madeUp) this.#tell('gap', { channel, kept } satisfies ChannelGap);
    });
  }

  /** Connects at once if the connection waits for its next try, or was refused. */
  connect(): void {
    this.connection.retry();
  }

  /** Calls the callback with the payload of each event of the channel; before there is a connection, too. */
  subscribe(channel: string, callback: ChannelCallback): void {
    this.#channels.subscribe(channel, callback);
  }

  /** Removes the callback. Without one, or with one that the channel does not have, all of the channel are removed. */
  unsubscribe(channel: string, callback?: ChannelCallback): void {
    this.#channels.unsubscribe(channel, callback);
  }

  #tell(event: string, ...args: unknown[]): void {
    this.trigger(event, ...args);
  }
}

/** Returns how the tabs share: without tidings-worker.js where that cannot be beside this file. */
function shareFrom(share: boolean | ShareOptions = true): boolean | ShareOptions {
  if (__WORKER__ || share === false) return share;
  return { worker: false, ...(share === true ? {} : share) };
}

function addressFrom({ host, port, path = '', secure = false }: Options): string {
  if (!host) throw new Error('the option host is required: the name of the WebSocket server, or *');
  const name = host === '*' ? location.hostname : host;
  const scheme = secure === false || secure === '' || secure === 'false' || secure === '0' ? 'ws' : 'wss';
  return `${scheme}://${name}${port ? `:${port}` : ''}/${path.replace(/^\/+|\/+$/g, '')}`;
}
