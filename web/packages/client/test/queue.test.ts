import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect, type Connection } from '../src/connection.js';
import { TicketRefused } from '../src/failure.js';
import { Code, type Message } from '../src/messages.js';
import type { Options } from '../src/options.js';
import { welcome } from './conversation.js';
import { Socket, settled } from './socket.js';

beforeEach(() => {
  vi.useFakeTimers();
  Socket.install();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function started(options: Partial<Options> = {}): Promise<Connection> {
  const connection = connect({ url: 'ws://site.test/ws', ticket: async () => 'secret', tab: 'tab1', ...options });
  await settled();
  return connection;
}

async function opened(options: Partial<Options> = {}): Promise<Connection> {
  const connection = await started(options);
  await Socket.last.admits();
  return connection;
}

async function reconnect(details: object = welcome): Promise<void> {
  Socket.last.onclose?.();
  vi.advanceTimersByTime(2_000);
  Socket.last.onopen?.();
  await settled();
  Socket.last.sends([Code.challenge, 'ticket', {}], [Code.welcome, 8, details]);
}

const sent = (code: number): Message[] => Socket.last.sent.filter(([first]) => first === code);
const LONG = 300_000;

describe('the queue', () => {
  it('sends what was asked for without a connection in this order, and says what waits', async () => {
    const connection = await started();
    const seen: string[] = [];
    connection.onQueue(({ pending, waiting }) => seen.push(`${pending} ${waiting}`));
    expect(connection.queue).toEqual({ pending: 0, waiting: 0, bytes: 0, oldest: null });
    const made = new Date();
    const first = connection.publish('t', { args: ['one'], acknowledge: true, timeout: LONG });
    vi.advanceTimersByTime(1_000);
    const second = connection.call('p', { args: ['two'], timeout: LONG });
    const { queue } = connection;
    expect(queue).toMatchObject({ pending: 2, waiting: 2, oldest: made });
    expect(queue.bytes).toBe(2 * '{"args":["one"],"kwargs":{}}'.length);
    expect(connection.queue).toBe(queue);
    await Socket.last.admits();
    expect(Socket.last.sent.slice(2).map(([code, , , uri]) => [code, uri])).toEqual([[Code.publish, 't'], [Code.call, 'p']]);
    expect(connection.queue).toMatchObject({ pending: 2, waiting: 0, bytes: 0 });
    Socket.last.sends([Code.published, 1, 99], [Code.result, 2, {}, ['done']]);
    await first;
    expect((await second).args).toEqual(['done']);
    expect(connection.queue.oldest).toBeNull();
    expect(seen).toEqual(['1 1', '2 2', '2 0', '1 0', '0 0']);
  });

  it('repeats an acknowledged publication with its id, until the router has it', async () => {
    const connection = await opened();
    const published = connection.publish('t', { args: [1], acknowledge: true, timeout: LONG });
    const [, , options] = sent(Code.publish)[0]!;
    expect(options).toEqual({ acknowledge: true, _id: expect.stringMatching(/^[0-9a-f]{24}$/) });
    await reconnect();
    expect(sent(Code.publish)).toEqual([[Code.publish, 1, options, 't', [1]]]);
    Socket.last.sends([Code.published, 1, 99]);
    await published;
    await reconnect();
    expect(sent(Code.publish)).toEqual([]);
  });

  it('gives each publication an id of its own, or that of the page, and passes the document on', async () => {
    const connection = await opened();
    for (const id of [undefined, undefined, 'mine']) void connection.publish('t', { acknowledge: true, ...(id ? { id, version: 7, key: 'k', remove: true } : {}) });
    const [first, second, third] = sent(Code.publish).map(([, , options]) => options as Record<string, unknown>);
    expect(first?.['_id']).not.toBe(second?.['_id']);
    expect(third).toEqual({ acknowledge: true, _id: 'mine', _version: 7, _key: 'k', _delete: true });
    await connection.publish('t');
    expect(sent(Code.publish).at(-1)?.[2]).toEqual({});
  });

  it('repeats a call only if the page says that it may be repeated', async () => {
    const connection = await opened();
    const once = connection.call('p', { timeout: LONG });
    const again = connection.call('q', { timeout: LONG, repeatable: true });
    await reconnect();
    await expect(once).rejects.toMatchObject({ failure: { uri: 'wamp.error.network_failure' } });
    expect(sent(Code.call)).toEqual([[Code.call, 1, { timeout: LONG }, 'q']]);
    Socket.last.sends([Code.result, 1, {}]);
    await again;
  });

  it('repeats nothing for an anonymous page, which the router does not know again', async () => {
    const connection = connect({ url: 'ws://site.test/ws', tab: 'tab1' });
    await settled();
    Socket.last.onopen?.();
    Socket.last.sends([Code.welcome, 7, { roles: {} }]);
    const published = connection.publish('t', { acknowledge: true });
    Socket.last.onclose?.();
    await expect(published).rejects.toMatchObject({ failure: { uri: 'wamp.error.network_failure' } });
  });

  it('is bounded in number and bytes, and says so', async () => {
    const connection = await started({ queue: { requests: 2, bytes: 100 } });
    const full = { failure: { uri: 'tidings.error.limit_exceeded', message: expect.stringMatching(/queue is full: 1 requests wait .* \(at most 2, with 100 bytes\)/) } };
    const first = connection.call('p');
    await expect(connection.call('p', { args: ['x'.repeat(100)] })).rejects.toMatchObject(full);
    const second = connection.call('p');
    await expect(connection.call('p')).rejects.toMatchObject({ failure: { uri: 'tidings.error.limit_exceeded' } });
    await Socket.last.admits();
    expect(sent(Code.call)).toHaveLength(2);
    Socket.last.sends([Code.result, 1, {}], [Code.result, 2, {}]);
    await Promise.all([first, second]);
  });

  it('fails what has waited for too long', async () => {
    const connection = await started();
    const late = connection.publish('t', { acknowledge: true, timeout: 5_000 });
    const failed = expect(late).rejects.toMatchObject({ failure: { uri: 'wamp.error.timeout', message: 'no connection in time' } });
    vi.advanceTimersByTime(5_000);
    await failed;
    await Socket.last.admits();
    expect(sent(Code.publish)).toEqual([]);
  });

  it('cancels what the page no longer wants, and tells the router of a call that runs', async () => {
    const connection = await started();
    const aborts = [new AbortController(), new AbortController()];
    const calls = aborts.map(({ signal }) => connection.call('p', { signal, timeout: LONG }));
    aborts[0]!.abort();
    await expect(calls[0]).rejects.toMatchObject({ failure: { uri: 'wamp.error.canceled' } });
    await Socket.last.admits();
    expect(sent(Code.call)).toHaveLength(1);
    aborts[1]!.abort();
    await expect(calls[1]).rejects.toMatchObject({ failure: { uri: 'wamp.error.canceled' } });
    expect(sent(Code.cancel)).toEqual([[Code.cancel, 1, {}]]);
    Socket.last.sends([Code.error, Code.call, 1, {}, 'wamp.error.canceled']);
    expect(connection.state.name).toBe('open');
    await expect(connection.call('p', { signal: AbortSignal.abort() })).rejects.toThrow('canceled');
    expect(connection.queue.pending).toBe(0);
  });

  it('sends nothing of one user as another', async () => {
    const connection = await opened();
    Socket.last.onclose?.();
    const waiting = connection.publish('t', { acknowledge: true });
    const failed = expect(waiting).rejects.toThrow('another user has logged in');
    await reconnect({ ...welcome, authid: 'ben' });
    await failed;
    expect(sent(Code.publish)).toEqual([]);
    Socket.last.onclose?.();
    const own = connection.publish('t', { acknowledge: true });
    await reconnect({ ...welcome, authid: 'ben' });
    Socket.last.sends([Code.published, 1, 5]);
    await own;
  });
});

describe('a session that has an end', () => {
  const details = (seconds: number): object => ({ ...welcome, _session_ends_in: seconds });
  let tickets = 0;
  const ticket = async (): Promise<string> => `t${++tickets}`;
  const renewals = (): Message[] => sent(Code.call).filter((call) => call[3] === 'tidings.session.renew');

  beforeEach(() => void (tickets = 0));

  async function joined(seconds: number, how: () => Promise<string> = ticket): Promise<Connection> {
    const connection = await started({ ticket: how });
    Socket.last.onopen?.();
    await settled();
    Socket.last.sends([Code.challenge, 'ticket', {}], [Code.welcome, 7, details(seconds)]);
    return connection;
  }

  const pass = async (ms: number): Promise<void> => {
    vi.advanceTimersByTime(ms);
    await settled();
  };

  it.each([[600, 540], [100, 75]])('of %d s is renewed after %d s with another ticket, again and again', async (seconds, due) => {
    const connection = await joined(seconds);
    await pass(1000 * due - 1);
    expect(renewals()).toEqual([]);
    await pass(1);
    expect(renewals().map((call) => call.slice(3))).toEqual([['tidings.session.renew', ['t2']]]);
    const [, request] = renewals()[0]!;
    Socket.last.sends([Code.result, request, {}, [], { ...welcome, authrole: 'boss', authextra: { roles: ['boss'] }, ends_in: seconds }]);
    await settled();
    expect(connection.session).toMatchObject({ id: 7, user: 'ann', role: 'boss' });
    await pass(1000 * due);
    expect(renewals().at(-1)?.[4]).toEqual(['t3']);
    expect(Socket.all).toHaveLength(1);
  });

  it('is tried again after a failure that may pass', async () => {
    await joined(600);
    await pass(540_000);
    Socket.last.sends([Code.error, Code.call, renewals()[0]?.[1], {}, 'wamp.error.authentication_failed']);
    await settled();
    await pass(1_000);
    expect(renewals()).toHaveLength(2);
  });

  it('is tried with one other ticket after a denial, and ends then', async () => {
    const connection = await joined(600);
    await pass(540_000);
    for (let i = 0; i < 2; i++) {
      Socket.last.sends([Code.error, Code.call, renewals().at(-1)?.[1], {}, 'wamp.error.authentication_denied']);
      await settled();
      await pass(2_000);
    }
    await pass(20_000);
    expect(renewals()).toHaveLength(2);
    Socket.last.sends([Code.goodbye, {}, 'tidings.close.identity_expired']);
    expect(connection.state.name).toBe('waiting');
  });

  it('is left to end if the page has no ticket any more', async () => {
    let loggedIn = true;
    const connection = await joined(600, async () => {
      if (!loggedIn) throw new TicketRefused('log in first');
      return ticket();
    });
    loggedIn = false;
    await pass(590_000);
    expect(renewals()).toEqual([]);
    expect(connection.state.name).toBe('open');
  });

  it('of a year does not renew at once', async () => {
    await joined(366 * 86_400);
    await pass(86_400_000);
    expect(renewals()).toEqual([]);
  });
});

describe('a router that says when to come back', () => {
  it('is not asked before', async () => {
    const connection = await opened();
    Socket.last.sends([Code.goodbye, { _retry_after: 12 }, 'wamp.close.system_shutdown']);
    expect(connection.state).toMatchObject({ name: 'waiting', retryAt: new Date(Date.now() + 12_000) });
    vi.advanceTimersByTime(11_999);
    expect(Socket.all).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(Socket.all).toHaveLength(2);
  });
});
