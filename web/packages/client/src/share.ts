/**
 * Carries the messages of a tab over the connection that the browser's tabs share. It is a transport: the session above
 * it is the tab's own, and connects anew when the connection is lost.
 */
import { Code, decode, encode } from './messages.js';
import { type Dial, type Transport, type TransportEvents, webSocket } from './transport.js';
import { type FromHub, type Road, type RoadEvents, VERSION } from './share/messages.js';
import { tabRoad } from './share/tab-road.js';
import { workerRoad } from './share/worker-road.js';

export interface ShareOptions {
  /**
   * The address of tidings-worker.js, at the origin of the page. By default it is the one beside this file; false: one of
   * the tabs holds the connection, as where there is no SharedWorker.
   */
  readonly worker?: string | URL | false;
  /** Tabs with different names do not share. It can be the id of the user, for example. */
  readonly name?: string;
}

const PATIENCE = 3_000; // ms that the hub may take to answer
const LATE = 500; // ms
const LINGER = 10_000; // ms that a tab without a channel stays a candidate
const REPORT = 16 << 10; // characters that a tab has handled before it says so

/** The reasons of an ABORT after which a tab connects alone: another user's connection, or a full one. */
const ALONE: ReadonlySet<string> = new Set(['tidings.error.other_user', 'tidings.error.limit_exceeded']);

interface Channel {
  readonly events: TransportEvents;
  hub: string; // that has found it; empty: none has
  replaced: boolean; // the hub did not answer, and was replaced
  unread: number; // characters that were handled, and not reported yet
  timer: ReturnType<typeof setTimeout> | undefined;
  alone: Transport | null; // the tab's own connection instead
}

/** Returns a transport for the connections of one page. */
export function share(options: ShareOptions): Dial {
  const sharing = new Sharing(options);
  return (address, events) => sharing.dial(address, events);
}

class Sharing {
  readonly #options: ShareOptions;
  readonly #tab = crypto.randomUUID();
  readonly #channels = new Map<string, Channel>();
  #worker: URL | null;
  #address!: URL; // of dial, which is always the same
  #road: Road | null = null;
  #highest = 0;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #alone = false; // sharing is not possible here

  constructor(options: ShareOptions) {
    this.#options = options;
    this.#worker = workerFile(options.worker);
    const leave = (): void => this.#leave();
    globalThis.addEventListener('pagehide', leave);
    globalThis.document?.addEventListener('freeze', leave);
  }

  dial(address: URL, events: TransportEvents): Transport {
    if (this.#alone) return webSocket(address, events);
    const name = `${this.#tab}.${++this.#highest}`;
    const channel: Channel = { events, hub: '', replaced: false, unread: 0, timer: undefined, alone: null };
    this.#address = address;
    this.#channels.set(name, channel);
    clearTimeout(this.#idle);
    this.#open(name, channel);
    return {
      send: (message) => (channel.alone ? channel.alone.send(message) : this.#road?.post({ type: 'send', channel: name, frame: encode(message) })),
      close: () => {
        channel.alone?.close();
        if (this.#forget(name)) this.#road?.post({ type: 'close', channel: name });
      },
    };
  }

  /** Asks the hub for a channel, and replaces a hub that does not answer. */
  #open(name: string, channel: Channel): void {
    clearTimeout(channel.timer);
    const due = Date.now() + PATIENCE;
    channel.timer = setTimeout(() => {
      const late = Date.now() - due > LATE; // the page was busy, and the answer may wait
      if (!late && (channel.replaced || !this.#replace())) return this.#connectAlone(name, channel);
      channel.replaced ||= !late;
      this.#open(name, channel);
    }, PATIENCE);
    queueMicrotask(() => this.#take().post({ type: 'open', channel: name })); // no event comes before dial has returned
  }

  #replace(): boolean {
    return this.#road?.replace() || this.#withoutWorker();
  }

  /** Takes the way over the tabs if there is none to the worker. */
  #withoutWorker(): boolean {
    if (!this.#worker) return false;
    this.#worker = null;
    this.#road?.stop();
    this.#road = null;
    return true;
  }

  #take(): Road {
    if (this.#road) return this.#road;
    const kind = this.#worker ? 'worker' : 'tab';
    const key = `tidings ${VERSION} ${kind} ${this.#address.href} ${this.#options.name ?? ''}`;
    const events: RoadEvents = {
      received: (message) => this.#received(message),
      renewed: (hub) => this.#renewed(hub),
      failed: () => {
        if (!this.#withoutWorker()) return;
        for (const [name, channel] of [...this.#channels]) this.#open(name, channel);
      },
    };
    if (this.#worker) {
      try {
        return (this.#road = workerRoad(this.#worker, this.#address.href, key, events));
      } catch { // the page's policy forbids workers
        this.#worker = null;
        return this.#take();
      }
    }
    return (this.#road = tabRoad(this.#address.href, key, events));
  }

  #received(message: FromHub): void {
    if (message.type === 'frame') return message.channels.forEach((name) => this.#frame(name, message.frame));
    const channel = this.#channels.get(message.channel);
    if (!channel || channel.alone) return;
    switch (message.type) {
      case 'found': return this.#found(message, channel);
      case 'opened': return channel.events.opened();
      case 'lost': return this.#lost(message.channel);
      case 'alone':
        this.#alone = true;
        return this.#connectAlone(message.channel, channel);
    }
  }

  #found({ channel: name, hub, version }: FromHub & { type: 'found' }, channel: Channel): void {
    clearTimeout(channel.timer);
    if (version === VERSION) channel.hub = hub;
    else if (this.#withoutWorker()) this.#open(name, channel); // its file is of another version of the SDK
  }

  #frame(name: string, frame: string): void {
    const channel = this.#channels.get(name);
    if (!channel) return;
    const message = decode(frame);
    this.#alone ||= ALONE.has(abortReason(message));
    channel.events.received(message);
    channel.unread += frame.length;
    if (channel.unread < REPORT) return;
    this.#road?.post({ type: 'read', channel: name, length: channel.unread });
    channel.unread = 0;
  }

  /** There is a new hub: what it has not found is opened again, and what another one had found is lost. */
  #renewed(hub: string): void {
    for (const [name, channel] of [...this.#channels]) {
      if (channel.alone || channel.hub === hub) continue;
      if (channel.hub === '') this.#open(name, channel);
      else this.#lost(name);
    }
  }

  #lost(name: string): void {
    const channel = this.#channels.get(name);
    if (this.#forget(name)) channel?.events.lost();
  }

  #connectAlone(name: string, channel: Channel): void {
    this.#forget(name);
    channel.alone = webSocket(this.#address, channel.events);
  }

  #forget(name: string): boolean {
    const channel = this.#channels.get(name);
    clearTimeout(channel?.timer);
    if (!this.#channels.delete(name)) return false;
    if (this.#channels.size === 0) this.#idle = setTimeout(() => this.#leave(), LINGER);
    return true;
  }

  /** Leaves the hub to other tabs: the page is left or frozen, or needs no connection. */
  #leave(): void {
    clearTimeout(this.#idle);
    for (const name of [...this.#channels.keys()]) this.#lost(name);
    clearTimeout(this.#idle);
    this.#road?.stop();
    this.#road = null;
  }
}

/** Returns the address of the worker's file, or null if a worker cannot be shared from there. */
function workerFile(worker: ShareOptions['worker']): URL | null {
  if (worker === false || typeof SharedWorker === 'undefined') return null;
  const file = worker === undefined ? new URL(/* @vite-ignore */ './tidings-worker.js', import.meta.url) : new URL(worker, document.baseURI);
  return file.origin === location.origin && file.protocol !== 'data:' ? file : null;
}

function abortReason(message: unknown): string {
  return Array.isArray(message) && message[0] === Code.abort ? String(message[2]) : '';
}
