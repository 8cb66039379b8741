import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect, type Connection } from '../src/connection.js';
import { fallback, longPoll } from '../src/longpoll.js';
import { Code, type Message } from '../src/messages.js';
import { automatic, BLOCKED, type Dial, type Transport, webSocket } from '../src/transport.js';
import { Socket, settled } from './socket.js';

const END = '\x1e';
const URL_ = new URL('wss://site.test/app/ws?x=1');

/** A server of long-poll, played by the test. */
class Server {
  readonly requests: { path: string; body: string; init: RequestInit }[] = [];
  offered = true;
  #receive: ((body: string | null) => void) | null = null; // null: the transport has ended
  #held: (() => void)[] = [];
  holds = false; // answers to `send` wait until `release`

  install(): void {
    vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
      const path = String(url).replace('https://site.test/app/', '');
      this.requests.push({ path, body: String(init.body), init });
      if (!this.offered) return { ok: false, status: 404 };
      if (path === 'longpoll/open') return { ok: true, json: async () => ({ protocol: 'wamp.2.json.batched', transport: 'id' }) };
      if (path === 'longpoll/id/receive') return this.#wait(init.signal!);
      if (path === 'longpoll/id/send' && this.holds) await new Promise<void>((resolve) => this.#held.push(resolve));
      return { ok: true, status: 204 };
    });
  }

  get bodies(): string[] {
    return this.requests.filter(({ path }) => path.endsWith('/send')).map(({ body }) => body);
  }

  answers(...messages: Message[]): void {
    this.#receive?.(messages.map((message) => JSON.stringify(message) + END).join(''));
  }

  ends(): void {
    this.#receive?.(null);
  }

  release(): void {
    for (const answer of this.#held.splice(0)) answer();
  }

  #wait(signal: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')));
      this.#receive = (body) => resolve(body === null ? { ok: false, status: 400 } : { ok: true, text: async () => body });
    });
  }
}

let server: Server;
let storage: Map<string, string>;

beforeEach(() => {
  vi.useFakeTimers();
  Socket.install();
  server = new Server();
  server.install();
  storage = new Map();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => storage.get(key) ?? null,
    setItem: (key: string, value: string) => storage.set(key, value),
    removeItem: (key: string) => storage.delete(key),
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Opens a transport, with what it reports. */
function opening(dial: Dial): { transport: Transport; got: unknown[]; opened(): number; lost(): number } {
  const got: unknown[] = [];
  const [opened, lost] = [vi.fn(), vi.fn()];
  const transport = dial(URL_, { opened, received: (message) => got.push(message), lost });
  return { transport, got, opened: () => opened.mock.calls.length, lost: () => lost.mock.calls.length };
}

describe('long-poll', () => {
  it('opens next to the address of the WebSocket, and asks again after each answer', async () => {
    const line = opening(longPoll);
    await settled();
    expect(line.opened()).toBe(1);
    server.answers([Code.event, 1, 1, {}], [Code.event, 1, 2, {}]);
    await settled();
    server.answers();
    await settled();
    expect(line.got).toEqual([[Code.event, 1, 1, {}], [Code.event, 1, 2, {}]]);
    expect(server.requests.map(({ path }) => path)).toEqual(['longpoll/open', ...Array<string>(3).fill('longpoll/id/receive')]);
    expect(server.requests[0]).toMatchObject({ body: '{"protocols":["wamp.2.json.batched"]}', init: { method: 'POST', credentials: 'include' } });
  });

  it('sends one request at a time, in order, with what has come meanwhile', async () => {
    const { transport } = opening(longPoll);
    await settled();
    server.holds = true;
    for (const n of [1, 2, 3]) transport.send([n]);
    await settled();
    expect(server.bodies).toEqual([`[1]${END}`]);
    server.release();
    await settled();
    expect(server.bodies).toEqual([`[1]${END}`, `[2]${END}[3]${END}`]);
  });

  it('splits what is too long for one request between messages', async () => {
    const { transport } = opening(longPoll);
    await settled();
    server.holds = true;
    const long = 'x'.repeat(40_000);
    for (const text of ['first', long, long]) transport.send([text]);
    server.holds = false;
    server.release();
    await settled();
    expect(server.bodies.map((body) => body.split(END).length - 1)).toEqual([1, 1, 1]);
  });

  it('is lost once when the server has ended it, refuses it, or cannot be reached', async () => {
    const line = opening(longPoll);
    await settled();
    server.ends();
    await settled();
    expect(line.lost()).toBe(1);
    server.offered = false;
    const refused = opening(longPoll);
    await settled();
    expect([refused.opened(), refused.lost()]).toEqual([0, 1]);
  });

  it('sends what waits before it closes, and reports nothing then', async () => {
    const line = opening(longPoll);
    await settled();
    line.transport.send([Code.goodbye, {}, 'x']);
    line.transport.close();
    line.transport.send([99]);
    await settled();
    await settled();
    expect(server.requests.slice(-2).map(({ path, init }) => [path, init.keepalive])).toEqual([['longpoll/id/send', false], ['longpoll/id/close', true]]);
    expect(line.lost()).toBe(0);
  });
});

describe('a page whose network blocks WebSockets', () => {
  const started = async (): Promise<Connection> => {
    const connection = connect({ url: URL_, ticket: async () => 'secret', tab: 'tab1', heartbeat: false, transport: automatic(webSocket, async () => fallback) });
    await settled();
    return connection;
  };

  const fails = async (): Promise<void> => {
    Socket.last.onclose?.();
    vi.advanceTimersByTime(5_000);
    await settled();
  };

  const joins = async (): Promise<void> => {
    server.answers([Code.challenge, 'ticket', {}]);
    await settled();
    server.answers([Code.welcome, 7, { roles: {} }]);
    await settled();
  };

  it('uses long-poll after two handshakes that failed, and a third in the same attempt', async () => {
    const connection = await started();
    await fails();
    await fails();
    expect(server.requests).toEqual([]);
    expect(Socket.all).toHaveLength(3);
    Socket.last.onclose?.();
    await settled();
    expect(Socket.all).toHaveLength(3);
    await joins();
    expect(connection.state.name).toBe('open');
    expect(storage.has(BLOCKED)).toBe(true);
  });

  it('uses long-poll where a handshake hangs', async () => {
    const connection = await started();
    await fails();
    await fails();
    vi.advanceTimersByTime(5_000);
    await settled();
    expect(Socket.last.closed).toBe(true);
    await joins();
    expect(connection.state.name).toBe('open');
    Socket.last.onclose?.();
    expect(connection.state.name).toBe('open');
  });

  it('remembers it for the tab, and tries WebSocket first after ten minutes', async () => {
    storage.set(BLOCKED, String(Date.now()));
    const connection = await started();
    expect(Socket.all).toHaveLength(0);
    await joins();
    expect(connection.state.name).toBe('open');
    connection.close();
    vi.advanceTimersByTime(600_000);
    await started();
    expect(Socket.all).toHaveLength(1);
  });

  it('changes over to WebSocket where that works again, and resumes', async () => {
    storage.set(BLOCKED, String(Date.now()));
    const connection = await started();
    await joins();
    vi.advanceTimersByTime(600_000);
    expect(Socket.all).toHaveLength(1);
    await fails();
    expect(connection.state.name).toBe('open');
    vi.advanceTimersByTime(595_000);
    expect(Socket.all).toHaveLength(2);
    Socket.last.onopen?.();
    await settled();
    expect(connection.state.name).toBe('waiting');
    expect(storage.has(BLOCKED)).toBe(false);
    vi.advanceTimersByTime(1_000);
    await settled();
    await Socket.last.admits();
    expect(connection.state.name).toBe('open');
  });

  it('goes on with the WebSocket of the attempt if it works after all', async () => {
    const connection = await started();
    await fails();
    await fails();
    await Socket.last.admits();
    expect(connection.state.name).toBe('open');
    expect(server.requests).toEqual([]);
    Socket.last.sends([Code.goodbye, {}, 'x']);
    expect(connection.state.name).toBe('waiting');
  });

  it('waits and tries both again if the server cannot be reached', async () => {
    server.offered = false;
    const connection = await started();
    for (let i = 0; i < 5; i++) {
      Socket.last.onclose?.();
      await settled();
      expect(connection.state.name).toBe('waiting');
      vi.advanceTimersByTime(30_000);
      await settled();
    }
    expect(server.requests.length).toBeGreaterThan(0);
    await Socket.last.admits();
    expect(connection.state.name).toBe('open');
  });

  it('uses WebSockets where the code of long-poll cannot be loaded', async () => {
    storage.set(BLOCKED, String(Date.now()));
    const dial = automatic(webSocket, () => Promise.reject(new Error('404')));
    connect({ url: URL_, tab: 'tab1', transport: dial });
    await settled();
    expect(Socket.all).toHaveLength(1);
  });
});

describe('the way back to WebSockets', () => {
  it('is the way that opened them before, so that tabs go on sharing', async () => {
    const sent: unknown[] = [];
    const first: Dial = vi.fn((_: URL, { opened }) => {
      queueMicrotask(opened);
      return { send: (message: unknown) => void sent.push(message), close: () => undefined };
    });
    const opened = vi.fn();
    const transport = fallback(first)(new URL('wss://server.example/ws'), { opened, received: () => undefined, lost: () => undefined });
    await Promise.resolve();
    expect(first).toHaveBeenCalledOnce();
    expect(opened).toHaveBeenCalledOnce();
    transport.send([1, 'app']);
    expect(sent).toEqual([[1, 'app']]);
    transport.close();
  });
});
