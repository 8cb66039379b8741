import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect, type Connection } from '../src/connection.js';
import type { ConnectionState, Event, EventHandler, TopicEvent } from '../src/options.js';
import { Failed, TicketRefused } from '../src/failure.js';
import { Code } from '../src/messages.js';
import manifest from '../package.json' with { type: 'json' };
import { asked } from './conversation.js';
import { Socket, settled } from './socket.js';

beforeEach(() => {
  vi.useFakeTimers();
  Socket.install();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

async function opened(ticket: () => Promise<string> = async () => 'secret'): Promise<Connection> {
  const connection = connect({ url: 'http://site.test/ws', ticket, tab: 'tab1' });
  await settled();
  await Socket.last.admits();
  return connection;
}

describe('a connection', () => {
  it('speaks WAMP 2 as JSON to the address, as a WebSocket', async () => {
    await opened();
    expect(Socket.last.url).toBe('ws://site.test/ws');
    expect(Socket.last.protocol).toBe('wamp.2.json');
  });

  it('names itself and the version of its package', async () => {
    await opened();
    expect(Socket.last.sent[0]?.[2]).toMatchObject({ agent: `tidings-js/${manifest.version}` });
  });

  it('throws on an invalid address', () => {
    expect(() => connect({ url: 'http://[' })).toThrow();
  });

  it('reports its states in order', async () => {
    const seen: string[] = [];
    const connection = connect({ url: 'ws://site.test/ws', ticket: async () => 'secret', tab: 'tab1' });
    connection.onState(({ name }) => seen.push(name));
    await settled();
    await Socket.last.admits();
    Socket.last.onclose?.();
    const waiting = connection.state;
    expect(waiting).toMatchObject({ name: 'waiting', tries: 1 });
    const delay = (waiting as ConnectionState & { name: 'waiting' }).retryAt.getTime() - Date.now();
    expect(delay).toBeGreaterThanOrEqual(500);
    expect(delay).toBeLessThanOrEqual(1000);
    vi.advanceTimersByTime(1000);
    await Socket.last.admits();
    connection.close();
    expect(seen).toEqual(['connecting', 'authenticating', 'open', 'waiting', 'connecting', 'authenticating', 'open', 'closed']);
  });

  it('fetches a ticket in each session', async () => {
    let last = 0;
    await opened(async () => `t${++last}`);
    Socket.last.onclose?.();
    vi.advanceTimersByTime(1000);
    await Socket.last.admits();
    expect(Socket.all.map(({ sent }) => sent[1])).toEqual([[Code.authenticate, 't1', {}], [Code.authenticate, 't2', {}]]);
  });

  it('is refused when the ticket callback throws TicketRefused, and connects again on retry', async () => {
    let loggedIn = false;
    const connection = connect({
      url: 'ws://site.test/ws', tab: 'tab1',
      ticket: async () => {
        if (!loggedIn) throw new TicketRefused('log in first');
        return 'secret';
      },
    });
    await settled();
    await Socket.last.admits();
    expect(connection.state).toEqual({ name: 'refused', reason: 'wamp.error.authentication_required', message: 'log in first' });
    vi.advanceTimersByTime(60_000);
    expect(Socket.all).toHaveLength(1);
    loggedIn = true;
    connection.retry();
    await Socket.last.admits();
    expect(connection.state.name).toBe('open');
    expect(connection.session?.name).toBe('Ann Abel');
  });

  it('closes a socket that does not open in time', async () => {
    const connection = connect({ url: 'ws://site.test/ws', ticket: async () => 'secret', tab: 'tab1' });
    await settled();
    vi.advanceTimersByTime(15_000);
    expect(Socket.last.closed).toBe(true);
    expect(connection.state.name).toBe('waiting');
  });

  it('tries again when the browser refuses to open a socket', async () => {
    vi.stubGlobal('WebSocket', class { constructor() { throw new Error('forbidden'); } });
    const errors = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const connection = connect({ url: 'ws://site.test/ws', tab: 'tab1' });
    await settled();
    expect(connection.state.name).toBe('waiting');
    await vi.waitFor(() => expect(errors).toHaveBeenCalledOnce());
  });
});

describe('a payload that JSON cannot hold', () => {
  it('is rejected before it uses a request id', async () => {
    const connection = await opened();
    await expect(connection.call('p', { args: [1n] })).rejects.toBeInstanceOf(Failed);
    await expect(connection.publish('t', { args: [1n] })).rejects.toBeInstanceOf(Failed);
    await expect(connection.publish('t', { args: [1n], acknowledge: true })).rejects.toBeInstanceOf(Failed);
    void connection.publish('t');
    expect(Socket.last.sent.at(-1)).toEqual([Code.publish, 1, {}, 't']);
  });
});

describe('handlers', () => {
  it('of one topic share a subscription, which ends with the last of them', async () => {
    const connection = await opened();
    const received: string[] = [];
    const first = connection.subscribe('a', () => received.push('first'));
    const second = connection.subscribe('a', () => received.push('second'));
    const { sent } = Socket.last;
    expect(sent.slice(2)).toEqual([[Code.subscribe, 1, asked, 'a']]);
    Socket.last.sends([Code.subscribed, 1, 5], [Code.event, 5, 1, {}]);
    first.release();
    first.release();
    Socket.last.sends([Code.event, 5, 2, {}]);
    second.release();
    Socket.last.sends([Code.event, 5, 3, {}]);
    expect(received).toEqual(['first', 'second', 'second']);
    expect(sent.at(-1)).toEqual([Code.unsubscribe, 2, 5]);
  });

  it('receive the topic, the payload and the publication', async () => {
    const connection = await opened();
    const received: TopicEvent[] = [];
    connection.subscribe('price.', (event) => received.push(event), { match: 'prefix' });
    Socket.last.sends([Code.subscribed, 1, 5], [Code.event, 5, 42, { topic: 'price.abc' }, [1]]);
    expect(received).toEqual([{ uri: 'price.abc', publication: 42, details: { topic: 'price.abc' }, payload: { args: [1], kwargs: {} }, position: null, afterGap: false, skipped: 0 }]);
  });

  it('may call back into the connection', async () => {
    const connection = await opened();
    connection.onState(({ name }) => name === 'open' && void connection.publish('hello'));
    connection.subscribe('a', () => connection.close());
    Socket.last.sends([Code.subscribed, 1, 5], [Code.event, 5, 1, {}]);
    expect(connection.state.name).toBe('closed');
    expect(Socket.last.sent.at(-1)?.[0]).toBe(Code.goodbye);
  });

  it('that return a value that JSON cannot hold answer with ERROR', async () => {
    const connection = await opened();
    connection.register('p', () => ({ args: [1n] }));
    Socket.last.sends([Code.registered, 1, 5], [Code.invocation, 9, 5, {}]);
    await settled();
    expect(Socket.last.sent.at(-1)?.slice(0, 5)).toEqual([Code.error, Code.invocation, 9, {}, 'wamp.error.runtime_error']);
  });

  it('that throw do not keep the event from other handlers', async () => {
    const errors = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const connection = await opened();
    const received = vi.fn();
    connection.subscribe('a', () => { throw new Error('bug'); });
    connection.subscribe('a', received);
    Socket.last.sends([Code.subscribed, 1, 5], [Code.event, 5, 1, {}]);
    expect(received).toHaveBeenCalledOnce();
    expect(errors).toHaveBeenCalledOnce();
  });

  it('are called back when the subscription is active or refused', async () => {
    const connection = await opened();
    const onActive = vi.fn();
    const onRefused = vi.fn();
    connection.subscribe('a', () => undefined, { onActive });
    connection.subscribe('b', () => undefined, { onRefused });
    Socket.last.sends([Code.subscribed, 1, 5], [Code.error, Code.subscribe, 2, {}, 'wamp.error.not_authorized']);
    expect(onActive).toHaveBeenCalledOnce();
    expect(onRefused).toHaveBeenCalledWith(expect.objectContaining({ uri: 'wamp.error.not_authorized' }));
  });
});

describe('the old names', () => {
  it('onHeld is called where onActive is not given', async () => {
    const connection = await opened();
    const onHeld = vi.fn();
    const handler: EventHandler = (event: Event) => expect(event.publication).toBe(1);
    connection.subscribe('a', handler, { onHeld });
    Socket.last.sends([Code.subscribed, 1, 5], [Code.event, 5, 1, {}]);
    expect(onHeld).toHaveBeenCalledOnce();
  });
});

describe('calls and publications', () => {
  it('resolve with the result, and reject with the error', async () => {
    const connection = await opened();
    const sum = connection.call('add', { args: [1, 2] });
    const bad = connection.call('add', { timeout: 500 });
    expect(Socket.last.sent.at(-1)).toEqual([Code.call, 2, { timeout: 500 }, 'add']);
    Socket.last.sends([Code.result, 1, {}, [3]], [Code.error, Code.call, 2, {}, 'com.example.no', ['no']]);
    expect((await sum).args).toEqual([3]);
    await expect(bad).rejects.toMatchObject({ message: 'no', failure: { uri: 'com.example.no' } });
  });

  it('reject after their timeout', async () => {
    const connection = await opened();
    const late = connection.call('add', { timeout: 500 });
    vi.advanceTimersByTime(500);
    await expect(late).rejects.toBeInstanceOf(Failed);
  });

  it('are acknowledged on request', async () => {
    const connection = await opened();
    const published = connection.publish('t', { kwargs: { a: 1 }, acknowledge: true, excludeMe: false });
    expect(Socket.last.sent.at(-1)).toEqual([Code.publish, 1, { acknowledge: true, exclude_me: false, _id: expect.any(String) }, 't', [], { a: 1 }]);
    Socket.last.sends([Code.published, 1, 99]);
    await published;
    await connection.publish('t', { args: [1] });
    expect(Socket.last.sent.at(-1)).toEqual([Code.publish, 2, {}, 't', [1]]);
  });
});

describe('procedures', () => {
  it('answer with their result or their error', async () => {
    const connection = await opened();
    connection.register('add', async ({ payload: { args } }) => {
      if (args.length === 0) throw new Error('nothing to add');
      return { args: [Number(args[0]) + Number(args[1])] };
    });
    Socket.last.sends([Code.registered, 1, 5], [Code.invocation, 11, 5, {}, [1, 2]], [Code.invocation, 12, 5, {}]);
    await settled();
    expect(Socket.last.sent.slice(-2)).toEqual([
      [Code.yield, 11, {}, [3]],
      [Code.error, Code.invocation, 12, {}, 'wamp.error.runtime_error', ['nothing to add']],
    ]);
  });
});
