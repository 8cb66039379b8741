/** The callbacks of a page's channels. Each channel is one subscription, however many callbacks it has. */
import type { Connection, Gap, Payload, Subscription } from '@tidings/client';

export type ChannelCallback = (payload: any) => void;

interface Channel {
  callbacks: readonly ChannelCallback[];
  readonly subscription: Subscription;
}

export class Channels {
  readonly #connection: Connection;
  readonly #gap: (channel: string, gap: Gap) => void;
  readonly #all = new Map<string, Channel>();

  constructor(connection: Connection, gap: (channel: string, gap: Gap) => void) {
    this.#connection = connection;
    this.#gap = gap;
  }

  subscribe(name: string, callback: ChannelCallback): void {
    if (typeof callback !== 'function') throw new TypeError(`the callback of ${name} is not a function`);
    const known = this.#all.get(name);
    if (known) {
      known.callbacks = [...known.callbacks, callback];
      return;
    }
    const subscription = this.#connection.subscribe(name, ({ payload }) => this.#deliver(name, payload), { onGap: (gap) => this.#gap(name, gap) });
    this.#all.set(name, { callbacks: [callback], subscription });
  }

  /** Removes the callback, or all if it is left out or none of the channel's: Oro's pages unsubscribe with other functions, too. */
  unsubscribe(name: string, callback?: ChannelCallback): void {
    const channel = this.#all.get(name);
    if (!channel) return;
    const known = callback !== undefined && channel.callbacks.includes(callback);
    channel.callbacks = known ? channel.callbacks.filter((one) => one !== callback) : [];
    if (channel.callbacks.length > 0) return;
    this.#all.delete(name);
    channel.subscription.release();
  }

  #deliver(name: string, payload: Payload): void {
    const value = valueOf(payload);
    for (const callback of this.#all.get(name)?.callbacks ?? []) {
      try {
        callback(value);
      } catch (error) { // the others still run
        console.error(`tidings: a callback of ${name} has failed:`, error);
      }
    }
  }
}

/** Returns the one value that an event of version 1 has in place of this payload, by the rule of the server. */
export function valueOf({ args, kwargs }: Payload): unknown {
  const [named, several] = [Object.keys(kwargs).length > 0, args.length > 1];
  if (named) return args.length > 0 ? { args, kwargs } : kwargs;
  return several ? args : (args[0] ?? null);
}
