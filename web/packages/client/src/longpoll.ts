/**
 * HTTP long-poll, for networks that block WebSockets: plain requests below `/longpoll`, next to the address of the
 * WebSocket. Loaded only where WebSockets fail.
 */
import { decode, encode, type Message } from './messages.js';
import { BLOCKED, type Dial, type Transport, type TransportEvents } from './transport.js';

const END = '\x1e'; // of each message of a batch
const BATCH = 1 << 16; // characters of one request, unless one message is longer
const HANGS = 5_000; // ms after which a WebSocket handshake is blocked
const AGAIN = 600_000; // ms after which a page tries WebSocket again

/** Carries the messages over requests: one waits for messages, and one at a time sends. */
export const longPoll: Dial = (address, events) => {
  const line = new Line(address, events);
  void line.run();
  return line;
};

class Line implements Transport {
  readonly #base: string;
  readonly #events: TransportEvents;
  readonly #queue: string[] = [];
  readonly #abort = new AbortController();
  #sending: Promise<void> | null = null;
  #closed = false;
  #id = ''; // of the transport, once it is open

  constructor(address: URL, events: TransportEvents) {
    const base = new URL(address);
    base.protocol = base.protocol.replace(/^ws/, 'http');
    base.pathname = base.pathname.replace(/[^/]*$/, 'longpoll/');
    base.search = '';
    this.#base = base.href;
    this.#events = events;
  }

  async run(): Promise<void> {
    try {
      const answer = await this.#post('open', JSON.stringify({ protocols: ['wamp.2.json.batched'] }));
      this.#id = ((await answer.json()) as { transport: string }).transport;
      if (!this.#closed) this.#events.opened();
      while (!this.#closed) {
        const text = await (await this.#post(`${this.#id}/receive`, '')).text();
        for (const frame of text.split(END)) if (frame !== '' && !this.#closed) this.#events.received(decode(frame));
      }
    } catch {
      this.#end(); // a refusal, a network that failed, or the end of the session
    }
  }

  send(message: Message): void {
    if (this.#closed) return;
    this.#queue.push(encode(message) + END);
    this.#sending ??= this.#flush().catch(() => this.#end()).finally(() => (this.#sending = null));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const last = async (): Promise<void> => {
      await this.#sending;
      if (this.#id !== '') await this.#post(`${this.#id}/close`, '');
    };
    last().catch(() => undefined).finally(() => this.#abort.abort()); // the server notices without it, later
  }

  /** Sends what waits, one request after the other, because the protocol numbers no messages. */
  async #flush(): Promise<void> {
    while (this.#queue.length > 0) {
      let batch = '';
      while (this.#queue.length > 0 && (batch === '' || batch.length + this.#queue[0]!.length <= BATCH)) batch += this.#queue.shift()!;
      await this.#post(`${this.#id}/send`, batch);
    }
  }

  async #post(path: string, body: string): Promise<Response> {
    // keepalive lets the last messages of a page leave after it; browsers allow it for short bodies only.
    const keepalive = this.#closed && body.length < BATCH / 2;
    const answer = await fetch(this.#base + path, { method: 'POST', body, keepalive, credentials: 'include', signal: this.#abort.signal });
    if (!answer.ok) throw new Error(`long-poll: ${path.replace(/^.*\//, '')} was answered ${answer.status}`);
    return answer;
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#abort.abort();
    this.#events.lost();
  }
}

/**
 * Tries a WebSocket first, by `first`, unless this tab has found it blocked in the last ten minutes. Where that fails and HTTP works,
 * it is long-poll. A page that stays tries WebSocket again after ten minutes, and changes over where it works.
 */
export const fallback = (first: Dial): Dial => (address, events) => {
  let current: Transport | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let closed = false;
  const lost = (): void => {
    clearTimeout(timer);
    events.lost();
  };
  const poll = (): void => {
    current = longPoll(address, {
      ...events,
      lost,
      opened: () => {
        remember();
        timer = setTimeout(retry, AGAIN);
        events.opened();
      },
    });
  };
  const retry = (): void => void attempt(first, address, (socket) => {
    if (closed) return void socket?.close();
    if (!socket) return void (timer = setTimeout(retry, AGAIN));
    forget();
    socket.close();
    current?.close();
    lost(); // the next attempt opens a WebSocket, and the session resumes
  });
  if (blockedLately()) poll();
  else {
    current = attempt(first, address, (socket) => {
      if (closed) return void socket?.close();
      if (!socket) return poll();
      forget();
      current = socket;
      events.opened();
    }, { ...events, lost });
  }
  return {
    send: (message) => current?.send(message),
    close: () => {
      closed = true;
      clearTimeout(timer);
      current?.close();
    },
  };
};

/** Opens a WebSocket by `dial`, and reports it when it is open, or null if its handshake fails or hangs. */
function attempt(dial: Dial, address: URL, done: (socket: Transport | null) => void, events?: TransportEvents): Transport {
  let result: Transport | null | undefined; // undefined: not decided yet
  const decide = (decision: Transport | null): void => {
    if (result !== undefined) return;
    result = decision;
    clearTimeout(timer);
    done(result);
  };
  const socket = dial(address, {
    opened: () => decide(socket),
    received: (message) => events?.received(message),
    lost: () => (result ? events?.lost() : decide(null)),
  });
  const timer = setTimeout(() => (decide(null), socket.close()), HANGS);
  return socket;
}

function blockedLately(): boolean {
  return Date.now() - Number(stored((storage) => storage.getItem(BLOCKED)) ?? 0) < AGAIN;
}

function remember(): void {
  stored((storage) => storage.setItem(BLOCKED, String(Date.now())));
}

function forget(): void {
  stored((storage) => storage.removeItem(BLOCKED));
}

function stored<T>(use: (storage: Storage) => T): T | null {
  try {
    return use(sessionStorage);
  } catch {
    return null; // storage is disabled: each load finds out anew
  }
}
