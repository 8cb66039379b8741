/** Fakes of what the tabs of a browser have in common: Web Locks, BroadcastChannel, SharedWorker and WebSocket. */
import { vi } from 'vitest';

type Callback = () => unknown;

interface Claim {
  readonly callback: Callback;
  readonly settle: { resolve(value: unknown): void; reject(error: unknown): void };
}

/** Web Locks. `crash` releases what a page holds; here each name is held by one page, so it names the lock. */
export class Locks {
  readonly #held = new Map<string, Claim>();
  readonly #queues = new Map<string, Claim[]>();

  request(name: string, options: { steal?: boolean; signal?: AbortSignal } | Callback, callback?: Callback): Promise<unknown> {
    const { steal, signal } = typeof options === 'function' ? {} as { steal?: boolean; signal?: AbortSignal } : options;
    return new Promise((resolve, reject) => {
      const claim = { callback: callback ?? (options as Callback), settle: { resolve, reject } };
      const queue = this.#queues.get(name) ?? [];
      this.#queues.set(name, queue);
      if (signal?.aborted) return reject(signal.reason);
      signal?.addEventListener('abort', () => {
        const at = queue.indexOf(claim);
        if (at < 0) return;
        queue.splice(at, 1);
        reject(signal.reason);
      });
      if (steal) {
        queue.unshift(claim);
        this.crash(name);
      } else {
        queue.push(claim);
        this.#next(name);
      }
    });
  }

  /** Takes the lock from its holder, as when its page crashes. */
  crash(name: string): void {
    const holder = this.#held.get(name);
    this.#held.delete(name);
    holder?.settle.reject(new Error('the lock was stolen'));
    this.#next(name);
  }

  get held(): string[] {
    return [...this.#held.keys()];
  }

  #next(name: string): void {
    if (this.#held.has(name)) return;
    const claim = this.#queues.get(name)?.shift();
    if (!claim) return;
    this.#held.set(name, claim);
    queueMicrotask(async () => {
      const result = await claim.callback();
      if (this.#held.get(name) !== claim) return;
      this.#held.delete(name);
      claim.settle.resolve(result);
      this.#next(name);
    });
  }
}

export class Broadcasts {
  static all = new Set<Broadcasts>();
  static frozen = new Set<string>(); // names on which nothing arrives

  onmessage: ((event: { data: unknown }) => void) | null = null;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
    Broadcasts.all.add(this);
  }

  postMessage(data: unknown): void {
    for (const other of Broadcasts.all) {
      if (other === this || other.name !== this.name) continue;
      queueMicrotask(() => Broadcasts.frozen.has(this.name) || !Broadcasts.all.has(other) || other.onmessage?.({ data }));
    }
  }

  close(): void {
    Broadcasts.all.delete(this);
  }
}

/** A WebSocket of which the test is the server. */
export class ChannelSocket {
  static all: ChannelSocket[] = [];
  static speaks = 'tidings.channels.wamp.2.json';

  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
  onerror: (() => void) | null = null;
  protocol = '';
  closed = false;
  readonly sent: string[] = [];
  readonly offered: string | string[];

  constructor(_url: string | URL, offered: string | string[]) {
    this.offered = offered;
    ChannelSocket.all.push(this);
  }

  static get last(): ChannelSocket {
    return ChannelSocket.all.at(-1)!;
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.closed = true;
  }

  opens(): this {
    this.protocol = typeof this.offered === 'string' ? this.offered : ChannelSocket.speaks;
    this.onopen?.();
    return this;
  }

  says(...lines: string[]): void {
    for (const data of lines) this.onmessage?.({ data });
  }
}

/** Installs the fakes, without a SharedWorker. */
export function installBrowser(): { locks: Locks } {
  const locks = new Locks();
  Broadcasts.all.clear();
  Broadcasts.frozen.clear();
  ChannelSocket.all = [];
  ChannelSocket.speaks = 'tidings.channels.wamp.2.json';
  vi.stubGlobal('navigator', { locks });
  vi.stubGlobal('BroadcastChannel', Broadcasts);
  vi.stubGlobal('WebSocket', ChannelSocket);
  vi.stubGlobal('location', new URL('https://pages.example/orders'));
  vi.stubGlobal('document', Object.assign(new EventTarget(), { baseURI: 'https://pages.example/orders' }));
  vi.stubGlobal('addEventListener', () => undefined);
  return { locks };
}

/** Waits until resolved promises have run their callbacks. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 40; i++) await Promise.resolve();
}
