import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect, type Connection } from '../src/connection.js';
import { type Change, watchContent } from '../src/content.js';
import { watchFlash } from '../src/flash.js';
import { watchMaintenance } from '../src/maintenance.js';
import { enterPresence, type PresenceUpdate } from '../src/presence.js';
import { Code, type Dict, type Message } from '../src/messages.js';
import { asked } from './conversation.js';
import { Socket, settled } from './socket.js';

let connection: Connection;

beforeEach(async () => {
  vi.useFakeTimers();
  Socket.install();
  connection = connect({ url: 'ws://site.test/ws', ticket: async () => 'secret', tab: 'tab1' });
  await settled();
  await Socket.last.admits();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const requests = (): unknown[] => Socket.last.sent.slice(2).map((message) => message.slice(3));

async function reconnect(): Promise<void> {
  Socket.last.onclose?.();
  vi.advanceTimersByTime(2000);
  await Socket.last.admits();
}

describe('watching content', () => {
  it('subscribes to its tags, and only to the difference when the tags change', () => {
    const watch = watchContent(connection, ['order.1', 'order.2'], { changed: () => undefined });
    Socket.last.sends([Code.subscribed, 1, 11], [Code.subscribed, 2, 12]);
    watch.set(['order.2', 'order.3']);
    expect(Socket.last.sent.slice(4)).toEqual([[Code.unsubscribe, 3, 11], [Code.subscribe, 4, asked, 'tidings.content.order.3']]);
    watch.stop();
    expect(Socket.last.sent.at(-1)).toEqual([Code.unsubscribe, 5, 12]);
  });

  it('reports a change once, and if this user made it in another tab', () => {
    const reported: Change[] = [];
    watchContent(connection, ['order.1', 'order.2'], { changed: (change) => reported.push(change) });
    const change = { change: 'c1', author: { id: 'ann', name: 'Ann' }, version: '4', fields: ['note'], at: '2026-11-23T10:00:00Z' };
    Socket.last.sends([Code.subscribed, 1, 11], [Code.subscribed, 2, 12]);
    Socket.last.sends([Code.event, 11, 1, {}, [], { tag: 'order.1', ...change }], [Code.event, 12, 2, {}, [], { tag: 'order.2', ...change }]);
    Socket.last.sends([Code.event, 12, 3, {}, [], { tag: 'order.2', change: 'c2', author: { id: 'ben', name: 'Ben' } }]);
    vi.advanceTimersByTime(100);
    expect(reported).toMatchObject([
      { id: 'c1', tags: ['order.1', 'order.2'], mine: true, version: '4', fields: ['note'] },
      { id: 'c2', tags: ['order.2'], mine: false, version: null, fields: [] },
    ]);
  });

  it('is ready in each session when the router has answered for every tag', async () => {
    const ready = vi.fn();
    const refused = vi.fn();
    watchContent(connection, ['order.1', 'order.2'], { changed: () => undefined, ready, refused });
    Socket.last.sends([Code.subscribed, 1, 11]);
    expect(ready).not.toHaveBeenCalled();
    Socket.last.sends([Code.error, Code.subscribe, 2, {}, 'wamp.error.not_authorized']);
    expect(ready).toHaveBeenCalledTimes(1);
    expect(refused).toHaveBeenCalledWith('order.2', expect.anything());
    await reconnect();
    Socket.last.sends([Code.subscribed, 1, 21], [Code.subscribed, 2, 22]);
    expect(ready).toHaveBeenCalledTimes(2);
  });

  describe('after the page was away', () => {
    const kept = (seq: number, more: Dict = {}): Dict => ({ _epoch: 'e1', _seq: seq, ...more });
    const event = (id: number, seq: number, change: string, author: string, more: Dict = {}): Message =>
      [Code.event, id, seq, kept(seq, more), [], { change, author: { id: author, name: author }, version: String(seq), fields: ['note'] }];
    let reported: Change[];
    let calls: string[];

    async function away(...tags: string[]): Promise<void> {
      [reported, calls] = [[], []];
      watchContent(connection, tags, {
        changed: (change) => (reported.push(change), calls.push('changed')), ready: () => calls.push('ready'), gap: (tag) => calls.push(`gap ${tag}`),
      });
      tags.forEach((_, i) => Socket.last.sends([Code.subscribed, i + 1, 11 + i, kept(1, { _live: true })]));
      calls.length = 0;
      await reconnect();
    }

    it('tells once of each tag, by the newest change, and is ready then', async () => {
      await away('order.1', 'order.2', 'order.3');
      Socket.last.sends([Code.subscribed, 1, 21, kept(1)], [Code.subscribed, 2, 22, kept(1)], [Code.subscribed, 3, 23, kept(1, { _live: true })]);
      for (let i = 2; i <= 100; i++) Socket.last.sends(event(21, i, `c${i}`, 'ann'));
      Socket.last.sends(event(22, 90, 'c90', 'ben', { _live: true }));
      expect(calls).toEqual([]);
      Socket.last.sends(event(21, 101, 'c101', 'ben', { _live: true }));
      expect(calls).toEqual(['changed', 'changed', 'ready']);
      expect(reported).toMatchObject([
        { id: 'c90', tags: ['order.2'], count: 1, version: '90' }, { id: 'c101', tags: ['order.1'], count: 100, version: '101', mine: false },
      ]);
    });

    it('merges the tags of one change, which is mine if all that was missed was', async () => {
      await away('order.1', 'order.2');
      Socket.last.sends([Code.subscribed, 1, 21, kept(1)], [Code.subscribed, 2, 22, kept(1)]);
      Socket.last.sends(event(21, 2, 'c1', 'ben'), event(21, 4, 'c2', 'ann', { _live: true }), event(22, 5, 'c2', 'ann', { _live: true }));
      expect(reported).toMatchObject([{ id: 'c2', tags: ['order.1', 'order.2'] }]);
      Socket.last.sends(event(21, 6, 'c3', 'ann'));
      vi.advanceTimersByTime(100);
      expect(reported[1]).toMatchObject({ id: 'c3', mine: true, count: 1 });
    });

    it('tells once if the connection is lost again meanwhile', async () => {
      await away('order.1');
      Socket.last.sends([Code.subscribed, 1, 21, kept(1)], event(21, 2, 'c1', 'ben'), event(21, 3, 'c2', 'ben'));
      await reconnect();
      Socket.last.sends([Code.subscribed, 1, 31, kept(3)], event(31, 4, 'c3', 'ben', { _live: true }));
      expect(reported).toMatchObject([{ id: 'c3', count: 3 }]);
      expect(calls).toEqual(['changed', 'ready']);
    });

    it('says of which tags changes may be missing', async () => {
      await away('order.1', 'order.2');
      Socket.last.sends([Code.subscribed, 1, 21, kept(50, { _gap: true, _oldest: 49 })], [Code.subscribed, 2, 22, kept(1, { _live: true })]);
      Socket.last.sends(event(21, 51, 'c9', 'ben', { _live: true }));
      expect(calls).toEqual(['gap order.1', 'changed', 'ready']);
    });
  });

  it('is ready at once when other watches have all of its tags already', () => {
    watchContent(connection, ['order.1', 'order.2'], { changed: () => undefined });
    Socket.last.sends([Code.subscribed, 1, 11], [Code.subscribed, 2, 12]);
    const ready = vi.fn();
    watchContent(connection, ['order.1', 'order.2'], { changed: () => undefined, ready });
    expect(ready).toHaveBeenCalledTimes(1);
  });

  it('is ready when the only tag without an answer is removed', () => {
    const ready = vi.fn();
    const watch = watchContent(connection, ['order.1', 'order.2'], { changed: () => undefined, ready });
    Socket.last.sends([Code.subscribed, 1, 11]);
    watch.set(['order.1']);
    expect(ready).toHaveBeenCalledTimes(1);
    watch.set(['order.1']);
    watch.stop();
    expect(ready).toHaveBeenCalledTimes(1);
  });
});

describe('presence', () => {
  it('enters, changes its mode, and leaves', () => {
    const changed = vi.fn();
    const presence = enterPresence(connection, 'order.1', 'view', { changed });
    presence.setMode('view');
    presence.setMode('edit');
    expect(requests()).toEqual([
      ['tidings.presence.order.1'],
      ['tidings.presence.enter', [], { record: 'order.1', mode: 'view' }],
      ['tidings.presence.enter', [], { record: 'order.1', mode: 'edit' }],
    ]);
    Socket.last.sends([Code.subscribed, 1, 11], [Code.event, 11, 1, {}, [], { people: [{ id: 'ann', name: 'Ann', mode: 'edit', tabs: 1 }] }]);
    expect(changed).toHaveBeenCalledOnce();
    presence.leave();
    presence.leave();
    presence.setMode('view');
    expect(Socket.last.sent.at(-1)?.slice(3)).toEqual(['tidings.presence.leave', [], { record: 'order.1' }]);
  });

  it('enters again with its current mode after a reconnect', async () => {
    const presence = enterPresence(connection, 'order.1', 'view', { changed: () => undefined });
    presence.setMode('edit');
    await reconnect();
    expect(requests()).toEqual([['tidings.presence.order.1'], ['tidings.presence.enter', [], { record: 'order.1', mode: 'edit' }]]);
  });

  it('reports what changed, and asks for the list after a gap', async () => {
    const updates: PresenceUpdate[] = [];
    enterPresence(connection, 'order.1', 'view', { changed: (update) => updates.push(update) });
    const crowd = (count: number) => Array.from({ length: count }, (_, i) => ({ id: `u${i}`, name: `U ${i}`, mode: 'view', tabs: 1 }));
    const event = (kwargs: Dict): Message => [Code.event, 11, 1, {}, [], { record: 'order.1', ...kwargs }];
    Socket.last.sends([Code.subscribed, 1, 11], event({ revision: 5, count: 30, people: crowd(30) }));
    Socket.last.sends(event({ since: 5, revision: 6, count: 29, left: ['u0'] }));
    Socket.last.sends(event({ since: 8, revision: 9, count: 28, left: ['u2'] }), event({ since: 9, revision: 10, count: 27, left: ['u3'] }));
    expect(requests().slice(2)).toEqual([['tidings.presence.refresh', [], { record: 'order.1' }]]); // once
    Socket.last.sends([Code.result, 3, {}]);
    await settled();
    Socket.last.sends(event({ revision: 10, count: 27, people: crowd(31).slice(4) }), event({ since: 10, revision: 11, count: 26, left: ['u9'] }));
    expect(updates.map(({ count, people }) => [count, people.length])).toEqual([[30, 30], [29, 29], [27, 27], [26, 26]]);
    expect(updates.map(({ change }) => change)).toEqual([
      null, { kind: 'leave', id: 'u0', name: 'U 0' }, null, { kind: 'leave', id: 'u9', name: 'U 9' },
    ]);
    expect(updates[2]?.changes.map(({ kind, id }) => `${kind} ${id}`)).toEqual(['leave u1', 'leave u2', 'leave u3', 'join u30']);
    Socket.last.sends(event({ since: 12, revision: 13, count: 26 }));
    expect(requests().length).toBe(4); // the next gap, the next question
  });

  it('reports a refusal', async () => {
    const refused = vi.fn();
    enterPresence(connection, 'order.1', 'view', { changed: () => undefined, refused });
    Socket.last.sends([Code.error, Code.call, 2, {}, 'wamp.error.not_authorized', ['not yours']]);
    await settled();
    expect(refused).toHaveBeenCalledWith(expect.objectContaining({ message: 'not yours' }));
    vi.advanceTimersByTime(60_000);
    expect(requests()).toHaveLength(2);
  });

  it('enters again later after a temporary refusal, which it reports once', async () => {
    const refused = vi.fn();
    const presence = enterPresence(connection, 'order.1', 'edit', { changed: () => undefined, refused });
    const enter = ['tidings.presence.enter', [], { record: 'order.1', mode: 'edit' }];
    for (const request of [2, 3]) {
      Socket.last.sends([Code.error, Code.call, request, {}, 'wamp.error.authorization_failed', ['down']]);
      await settled();
      expect(requests()).toHaveLength(request);
      vi.advanceTimersByTime(2000);
      expect(requests().at(-1)).toEqual(enter);
    }
    expect(refused).toHaveBeenCalledOnce();
    Socket.last.sends([Code.error, Code.call, 4, {}, 'wamp.error.authorization_failed', ['down']]);
    await settled();
    presence.leave();
    const sent = Socket.last.sent.length;
    vi.advanceTimersByTime(60_000);
    expect(Socket.last.sent).toHaveLength(sent);
  });
});

describe('maintenance and flash', () => {
  it('reach the page of their user', () => {
    const maintained = vi.fn();
    const flashed = vi.fn();
    watchMaintenance(connection, maintained);
    watchFlash(connection, flashed);
    expect(requests()).toEqual([['tidings.maintenance'], ['user.ann.flash']]);
    Socket.last.sends([Code.subscribed, 1, 11], [Code.subscribed, 2, 12]);
    Socket.last.sends([Code.event, 11, 1, {}, [], { on: true, message: 'Upgrade', operator_roles: ['operator'] }]);
    Socket.last.sends([Code.event, 12, 2, {}, ['Hello']]);
    expect(maintained).toHaveBeenCalledWith(expect.objectContaining({ on: true, exempt: true }));
    expect(flashed).toHaveBeenCalledWith({ level: 'info', title: '', text: 'Hello', href: '' });
  });

  it('flash waits for the session to know its user', async () => {
    const later = connect({ url: 'ws://site.test/ws', ticket: async () => 'secret', tab: 'tab2' });
    const handle = watchFlash(later, () => undefined);
    await settled();
    await Socket.last.admits();
    expect(requests()).toEqual([['user.ann.flash']]);
    Socket.last.sends([Code.subscribed, 1, 11]);
    handle.release();
    expect(Socket.last.sent.at(-1)).toEqual([Code.unsubscribe, 2, 11]);
  });
});
