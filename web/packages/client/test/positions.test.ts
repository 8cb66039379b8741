import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect, type Connection } from '../src/connection.js';
import { Code, type Message } from '../src/messages.js';
import type { SubscribeOptions, Subscription, TopicEvent } from '../src/options.js';
import type { Gap } from '../src/positions.js';
import { asked } from './conversation.js';
import { Socket, settled } from './socket.js';

beforeEach(() => {
  vi.useFakeTimers();
  Socket.install();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function opened(): Promise<Connection> {
  const connection = connect({ url: 'ws://site.test/ws', ticket: async () => 'secret', tab: 'tab1' });
  await settled();
  await Socket.last.admits();
  return connection;
}

/** A subscription of the page, with what its handlers were told. */
class Page {
  readonly got: unknown[] = [];
  readonly marked: unknown[] = []; // events after a gap
  readonly gaps: Gap[] = [];
  readonly states: string[] = [];
  actives = 0;
  readonly subscription: Subscription;

  constructor(connection: Connection, options: SubscribeOptions = {}) {
    const take = (event: TopicEvent): void => {
      this.got.push(event.payload.args[0]);
      if (event.afterGap) this.marked.push(event.payload.args[0]);
    };
    this.subscription = connection.subscribe('t', take, { onGap: (gap) => this.gaps.push(gap), onActive: () => this.actives++, ...options });
    this.subscription.onStatus(({ state }) => this.states.push(state));
  }
}

const at = (seq: number, more: object = {}): object => ({ _epoch: 'e', _seq: seq, ...more });
const subscribed = (request: number, details: object = {}): Message => [Code.subscribed, request, 5, details];
/** The event with a seq, after the one before it. */
const event = (seq: number, prev: number, more: object = {}): Message => [Code.event, 5, seq, at(seq, { _prev: prev, ...more }), [seq]];

function requests(): Message[] {
  return Socket.last.sent.filter(([code]) => code === Code.subscribe);
}

async function reconnect(): Promise<void> {
  Socket.last.onclose?.();
  vi.advanceTimersByTime(2000);
  await Socket.last.admits();
}

describe('a subscription of a kept topic', () => {
  it('resumes after the last event, and is live when the router says so', async () => {
    const page = new Page(await opened());
    Socket.last.sends(subscribed(1, at(10, { _live: true })), event(12, 10), event(15, 12));
    await reconnect();
    expect(requests()).toEqual([[Code.subscribe, 1, { _since: { _epoch: 'e', _seq: 15 } }, 't']]);
    expect(page.subscription.status.state).toBe('catching up');
    Socket.last.sends(subscribed(1, at(15)), event(16, 15));
    expect(page.subscription.status.state).toBe('catching up');
    Socket.last.sends(event(20, 16, { _live: true }), event(21, 20));
    expect(page.got).toEqual([12, 15, 16, 20, 21]);
    expect(page.states).toEqual(['live', 'stale', 'catching up', 'live']);
    expect(page.gaps).toEqual([]);
    expect(page.marked).toEqual([]);
  });

  it('resumes from the position of SUBSCRIBED if no event came, and is live at once if nothing was missed', async () => {
    const page = new Page(await opened());
    Socket.last.sends(subscribed(1, at(10, { _live: true })));
    await reconnect();
    expect(requests()[0]?.[2]).toEqual({ _since: { _epoch: 'e', _seq: 10 } });
    Socket.last.sends(subscribed(1, at(10, { _live: true })));
    expect(page.subscription.status.state).toBe('live');
    expect(page.gaps).toEqual([]);
  });

  it('tells of a gap once, marks the event after it, and goes on', async () => {
    const page = new Page(await opened());
    Socket.last.sends(subscribed(1, at(10, { _live: true })));
    await reconnect();
    Socket.last.sends(subscribed(1, at(99, { _gap: true, _oldest: 100 })), event(100, 99), event(101, 100, { _live: true }));
    expect(page.gaps).toEqual([{ kept: true, oldest: 100 }]);
    expect(page.got).toEqual([100, 101]);
    expect(page.marked).toEqual([100]);
    await reconnect();
    expect(requests()[0]?.[2]).toEqual({ _since: { _epoch: 'e', _seq: 101 } });
  });

  it('asks for an event that is missing, and drops what comes before the answer', async () => {
    const page = new Page(await opened());
    Socket.last.sends(subscribed(1, at(10, { _live: true })), event(11, 10), event(15, 13), event(16, 15));
    expect(requests().slice(1)).toEqual([[Code.subscribe, 2, { _since: { _epoch: 'e', _seq: 11 } }, 't']]);
    expect(page.subscription.status.state).toBe('catching up');
    Socket.last.sends(subscribed(2, at(11)), event(13, 11), event(15, 13), event(16, 15, { _live: true }));
    expect(page.got).toEqual([11, 13, 15, 16]);
    expect(page.gaps).toEqual([]);
    expect(page.actives).toBe(1);
    expect(page.subscription.status.state).toBe('live');
  });

  it('tells of a gap if the event is still missing then, and does not ask again and again', async () => {
    const page = new Page(await opened());
    Socket.last.sends(subscribed(1, at(10, { _live: true })), event(15, 13), subscribed(2, at(10)), event(15, 13, { _live: true }));
    expect(requests()).toHaveLength(2);
    expect(page.gaps).toEqual([{ kept: true, oldest: null }]);
    expect(page.got).toEqual([15]);
    expect(page.marked).toEqual([15]);
  });

  it('tells of what the router gave up while the page was catching up', async () => {
    const page = new Page(await opened());
    Socket.last.sends(subscribed(1, at(10, { _live: true })));
    await reconnect();
    Socket.last.sends(subscribed(1, at(10)), event(11, 10), event(30, 29, { _gap: true }), event(31, 30, { _live: true }));
    expect(requests()).toHaveLength(1);
    expect(page.gaps).toEqual([{ kept: true, oldest: null }]);
    expect(page.got).toEqual([11, 30, 31]);
    expect(page.marked).toEqual([30]);
  });

  it('tells of a gap when the router has begun another log', async () => {
    const page = new Page(await opened());
    Socket.last.sends(subscribed(1, at(10, { _live: true })), [Code.event, 5, 1, { _epoch: 'f', _seq: 1, _prev: 0 }, ['new']]);
    expect(page.gaps).toHaveLength(1);
    expect(page.got).toEqual(['new']);
    await reconnect();
    expect(requests()[0]?.[2]).toEqual({ _since: { _epoch: 'f', _seq: 1 } });
  });

  it('is thinned while the router leaves out events, which are no gaps', async () => {
    const page = new Page(await opened());
    Socket.last.sends(subscribed(1, at(10, { _live: true })), event(20, 15, { _skipped: 4 }));
    expect(page.subscription.status.state).toBe('thinned');
    Socket.last.sends(event(30, 25), event(31, 30));
    expect(page.subscription.status.state).toBe('live');
    expect(requests()).toHaveLength(1);
    expect(page.got).toEqual([20, 30, 31]);
  });

  it('begins at the position of what the page shows already', async () => {
    const page = new Page(await opened(), { since: { epoch: 'e', seq: 7 } });
    expect(requests()[0]?.[2]).toEqual({ _since: { _epoch: 'e', _seq: 7 } });
    Socket.last.sends(subscribed(1, at(7)), event(9, 7, { _live: true }));
    expect(page.got).toEqual([9]);
  });
});

describe('the history of a topic', () => {
  it('comes first, is asked for once, and is resumed where it broke off', async () => {
    const page = new Page(await opened(), { history: 50 });
    expect(requests()).toEqual([[Code.subscribe, 1, { _last: 50 }, 't']]);
    Socket.last.sends(subscribed(1, at(3)), event(4, 3), event(6, 4));
    await reconnect();
    expect(requests()).toEqual([[Code.subscribe, 1, { _since: { _epoch: 'e', _seq: 6 } }, 't']]);
    Socket.last.sends(subscribed(1, at(6)), event(8, 6, { _live: true }));
    expect(requests()).toHaveLength(1);
    expect(page.got).toEqual([4, 6, 8]);
  });

  it('is asked for again if the answer was lost', async () => {
    new Page(await opened(), { history: 50 });
    await reconnect();
    expect(requests()).toEqual([[Code.subscribe, 1, { _last: 50 }, 't']]);
  });

  it('is for the handlers that ask for it', async () => {
    const connection = await opened();
    const with10 = new Page(connection, { history: 10 });
    const without = new Page(connection);
    Socket.last.sends(subscribed(1, at(3)), event(4, 3), event(6, 4, { _live: true }), event(7, 6));
    expect(with10.got).toEqual([4, 6, 7]);
    expect(without.got).toEqual([7]);
  });

  it('comes to a handler that is later, while the others go on without a double', async () => {
    const connection = await opened();
    const first = new Page(connection);
    Socket.last.sends(subscribed(1, at(10, { _live: true })), event(11, 10));
    const second = new Page(connection, { history: 2 });
    expect(requests().slice(1)).toEqual([[Code.subscribe, 2, { _last: 2 }, 't']]);
    Socket.last.sends(event(12, 11)); // published before the router has read the request
    Socket.last.sends(subscribed(2, at(10)), event(11, 10), event(12, 11), event(13, 12, { _live: true }), event(14, 13));
    expect(first.got).toEqual([11, 12, 13, 14]);
    expect(second.got).toEqual([11, 12, 13, 14]);
    expect(first.gaps).toEqual([]);
  });

  it('that breaks off for a later handler is resumed without doubling anything for the others', async () => {
    const connection = await opened();
    const first = new Page(connection);
    Socket.last.sends(subscribed(1, at(10, { _live: true })), event(11, 10), event(12, 11));
    const second = new Page(connection, { history: 3 });
    Socket.last.sends(subscribed(2, at(9)), event(10, 9));
    await reconnect();
    expect(requests()[0]?.[2]).toEqual({ _since: { _epoch: 'e', _seq: 10 } });
    Socket.last.sends(subscribed(1, at(10)), event(11, 10), event(12, 11), event(13, 12, { _live: true }));
    expect(first.got).toEqual([11, 12, 13]);
    expect(second.got).toEqual([10, 11, 12, 13]);
  });

  it('of a topic that is not kept is empty, and its handlers get what is new', async () => {
    const connection = await opened();
    const first = new Page(connection, { history: 5 });
    Socket.last.sends(subscribed(1, { _live: true }), [Code.event, 5, 1, {}, ['a']]);
    const second = new Page(connection, { history: 5 });
    Socket.last.sends([Code.event, 5, 2, {}, ['b']]);
    expect(requests()).toHaveLength(1);
    expect(first.got).toEqual(['a', 'b']);
    expect(second.got).toEqual(['b']);
    expect(second.subscription.status.state).toBe('live');
  });
});

describe('a retained event', () => {
  const retained = (value: string): Message => [Code.event, 5, 1, { retained: true }, [value]];

  it('comes to the handlers that ask for it, also to one that is later', async () => {
    const connection = await opened();
    const plain = new Page(connection);
    const first = new Page(connection, { retained: true });
    expect(requests()[0]?.[2]).toEqual(asked);
    Socket.last.sends(subscribed(1, { _live: true }));
    expect(requests()[1]?.[2]).toEqual({ ...asked, get_retained: true });
    Socket.last.sends(subscribed(2, { _live: true }), retained('old'));
    expect([plain.got, first.got]).toEqual([[], ['old']]);
    const second = new Page(connection, { retained: true });
    expect(second.got).toEqual([]);
    await settled();
    expect(second.got).toEqual(['old']);
    Socket.last.sends([Code.event, 5, 2, {}, ['new']]);
    const third = new Page(connection, { retained: true });
    await settled();
    expect([plain.got, first.got, second.got, third.got]).toEqual([['new'], ['old', 'new'], ['old', 'new'], ['new']]);
    expect(requests()).toHaveLength(2);
    expect(plain.gaps).toEqual([]);
  });

  it('is asked for with the first request if its handler is the first, and not given to one that has left', async () => {
    const connection = await opened();
    new Page(connection, { retained: true });
    expect(requests()[0]?.[2]).toEqual({ ...asked, get_retained: true });
    Socket.last.sends(subscribed(1, { _live: true }), retained('old'));
    const second = new Page(connection, { retained: true });
    second.subscription.release();
    await settled();
    expect(second.got).toEqual([]);
  });
});

describe('a subscription of a topic that is not kept', () => {
  it('may have missed something after a reconnect, and says so', async () => {
    const page = new Page(await opened());
    Socket.last.sends(subscribed(1, { _live: true }), [Code.event, 5, 1, {}, ['a']]);
    expect(page.gaps).toEqual([]);
    await reconnect();
    expect(requests()[0]?.[2]).toEqual(asked);
    Socket.last.sends(subscribed(1, { _live: true }), [Code.event, 5, 2, {}, ['b']], [Code.event, 5, 3, {}, ['c']]);
    expect(page.gaps).toEqual([{ kept: false, oldest: null }]);
    expect(page.marked).toEqual(['b']);
    expect(page.subscription.status.state).toBe('live');
  });

  it('is live with a router that knows no positions', async () => {
    const page = new Page(await opened(), { history: 5 });
    Socket.last.sends([Code.subscribed, 1, 5], [Code.event, 5, 1, {}, ['a']]);
    expect(page.got).toEqual(['a']);
    expect(page.subscription.status.state).toBe('live');
  });

  it('that was kept before has a gap', async () => {
    const page = new Page(await opened());
    Socket.last.sends(subscribed(1, at(10, { _live: true })));
    await reconnect();
    Socket.last.sends(subscribed(1, { _gap: true, _live: true }));
    expect(page.gaps).toEqual([{ kept: false, oldest: null }]);
    expect(page.subscription.status.state).toBe('live');
  });
});
