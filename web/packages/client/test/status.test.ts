import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect, type Connection } from '../src/connection.js';
import { Code } from '../src/messages.js';
import { Observable } from '../src/observable.js';
import { Socket, settled } from './socket.js';

const START = new Date('2026-01-01T00:00:00Z');

beforeEach(() => {
  vi.useFakeTimers({ now: START });
  Socket.install();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

async function started(): Promise<Connection> {
  const connection = connect({ url: 'ws://site.test/ws', ticket: async () => 'secret', tab: 'tab1' });
  await settled();
  return connection;
}

async function opened(): Promise<Connection> {
  const connection = await started();
  await Socket.last.admits();
  return connection;
}

const after = (seconds: number): Date => new Date(START.getTime() + 1000 * seconds);
const ignore = (): void => undefined;

describe('the status of a subscription', () => {
  it('is the same object until it changes, and its listeners are told until they stop', async () => {
    const connection = await opened();
    const subscription = connection.subscribe('a', ignore);
    const heard = vi.fn();
    const stop = subscription.onStatus(heard);
    expect(subscription.status).toEqual({ state: 'catching up', since: START, failure: null });
    Socket.last.sends([Code.subscribed, 1, 5, {}]);
    const { status } = subscription;
    expect(status.state).toBe('live');
    Socket.last.sends([Code.event, 5, 1, {}]);
    expect(subscription.status).toBe(status);
    expect(heard.mock.calls).toEqual([[status]]);
    stop();
    Socket.last.onclose?.();
    expect(heard).toHaveBeenCalledOnce();
    expect(subscription.status.state).toBe('stale');
  });

  it('is stale since the last message of a connection that was found dead, until it has caught up', async () => {
    const connection = await opened();
    const subscription = connection.subscribe('a', ignore);
    Socket.last.sends([Code.subscribed, 1, 5, {}]);
    vi.advanceTimersByTime(3_000);
    Socket.last.sends([Code.event, 5, 1, {}]);
    Socket.last.silent = true;
    vi.advanceTimersByTime(10_000);
    expect(subscription.status).toEqual({ state: 'stale', since: after(3), failure: null });
    await Socket.last.admits();
    expect(subscription.status).toEqual({ state: 'catching up', since: after(3), failure: null });
    Socket.last.sends([Code.subscribed, 1, 5, {}]);
    expect(subscription.status).toEqual({ state: 'live', since: after(13), failure: null });
  });

  it('says why access is lost, and that a temporary refusal leaves it stale', async () => {
    const connection = await opened();
    const onRefused = ignore;
    const first = connection.subscribe('a', ignore, { onRefused });
    const second = connection.subscribe('b', ignore, { onRefused });
    const third = connection.subscribe('c', ignore, { onRefused });
    Socket.last.sends([Code.subscribed, 1, 5, {}], [Code.error, Code.subscribe, 2, {}, 'wamp.error.not_authorized', ['no']],
      [Code.error, Code.subscribe, 3, {}, 'wamp.error.unavailable', ['later']]);
    expect(second.status).toMatchObject({ state: 'access lost', failure: { message: 'no' } });
    expect(third.status).toMatchObject({ state: 'stale', failure: { message: 'later' } });
    Socket.last.sends([Code.unsubscribed, 0, { subscription: 5, reason: 'wamp.error.not_authorized' }]);
    expect(first.status).toMatchObject({ state: 'access lost', failure: { uri: 'wamp.error.not_authorized' } });
    vi.advanceTimersByTime(1_000);
    Socket.last.sends([Code.subscribed, 4, 6, {}]);
    expect(third.status).toMatchObject({ state: 'live', failure: null });
  });

  it('tells all listeners, also if one of them throws', () => {
    const errors = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const value = new Observable(1);
    const heard = vi.fn();
    value.watch(() => { throw new Error('bug'); });
    value.watch(heard);
    value.set(2);
    expect(heard).toHaveBeenCalledWith(2);
    expect(errors).toHaveBeenCalledOnce();
  });
});

describe('the status of a page', () => {
  it('is the worst one of its subscriptions, and changes once for each step', async () => {
    const connection = await started();
    const seen: string[] = [];
    connection.onStatus(({ state }) => seen.push(state));
    expect(connection.status.state).toBe('catching up');
    connection.subscribe('a', ignore);
    connection.subscribe('b', ignore, { onRefused: ignore });
    await Socket.last.admits();
    Socket.last.sends([Code.subscribed, 1, 5, {}]);
    expect(connection.status.state).toBe('catching up');
    Socket.last.sends([Code.subscribed, 2, 6, {}]);
    expect(connection.status.state).toBe('live');
    vi.advanceTimersByTime(2_000);
    Socket.last.onclose?.();
    expect(connection.status).toMatchObject({ state: 'stale', since: after(2) });
    vi.advanceTimersByTime(1_000);
    await Socket.last.admits();
    Socket.last.sends([Code.subscribed, 1, 5, {}], [Code.error, Code.subscribe, 2, {}, 'wamp.error.not_authorized']);
    expect(connection.status.state).toBe('access lost');
    expect(seen).toEqual(['live', 'stale', 'catching up', 'access lost']);
  });

  it('without subscriptions is that of its connection', async () => {
    const connection = await started();
    expect(connection.status.state).toBe('catching up');
    await Socket.last.admits();
    expect(connection.status.state).toBe('live');
    Socket.last.onclose?.();
    expect(connection.status.state).toBe('stale');
    vi.advanceTimersByTime(1_000);
    Socket.last.onopen?.();
    Socket.last.sends([Code.abort, {}, 'wamp.error.no_such_realm']);
    expect(connection.status.state).toBe('access lost');
    connection.close();
    expect(connection.status.state).toBe('stale');
  });

  it('does not depend on its registrations', async () => {
    const connection = await opened();
    connection.register('p', () => undefined, { onRefused: ignore });
    Socket.last.sends([Code.error, Code.register, 1, {}, 'wamp.error.not_authorized']);
    expect(connection.status.state).toBe('live');
  });

  it('is that of the rest when a subscription is released', async () => {
    const connection = await opened();
    const handle = connection.subscribe('a', ignore, { onRefused: ignore });
    Socket.last.sends([Code.error, Code.subscribe, 1, {}, 'wamp.error.not_authorized']);
    expect(connection.status.state).toBe('access lost');
    handle.release();
    expect(connection.status.state).toBe('live');
  });
});
