import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { backoff } from '../src/backoff.js';
import { type Change, gathering } from '../src/content.js';
import { flashFrom } from '../src/flash.js';
import { maintenanceFrom } from '../src/maintenance.js';
import { follow, others, type Roster } from '../src/presence.js';

describe('back-off', () => {
  it('doubles from one second to thirty, and half of it is jitter', () => {
    for (const [tries, ceiling] of [[1, 1000], [2, 2000], [3, 4000], [5, 16000], [6, 30000], [50, 30000], [5000, 30000]] as const) {
      expect(backoff(tries, 0)).toBe(ceiling / 2);
      expect(backoff(tries, 0.999999)).toBeLessThanOrEqual(ceiling);
      expect(backoff(tries, 0.5)).toBe(ceiling * 0.75);
    }
  });
});

describe('content changes', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const change = (id: string, ...tags: string[]): Change =>
    ({ id, tags, author: null, mine: false, version: null, fields: [], at: new Date(0), count: 1 });

  it('that touch several watched tags are reported once', () => {
    const reported: Change[] = [];
    const gather = gathering((c) => reported.push(c));
    gather.add(change('c1', 'order.1'));
    vi.advanceTimersByTime(30);
    gather.add(change('c1', 'order.2'));
    gather.add(change('c1', 'order.2'));
    gather.add(change('c2', 'order.1'));
    vi.advanceTimersByTime(100);
    expect(reported.map(({ id, tags }) => [id, tags])).toEqual([['c1', ['order.1', 'order.2']], ['c2', ['order.1']]]);
  });

  it('are reported again for a tag whose event comes too late to be merged', () => {
    const reported: Change[] = [];
    const gather = gathering((c) => reported.push(c));
    gather.add(change('c1', 'order.1'));
    vi.advanceTimersByTime(100);
    gather.add(change('c1', 'order.2'));
    vi.advanceTimersByTime(100);
    expect(reported.map(({ tags }) => tags)).toEqual([['order.1'], ['order.2']]);
  });

  it('are not reported after the watch has stopped', () => {
    const reported: Change[] = [];
    const gather = gathering((c) => reported.push(c));
    gather.add(change('c1', 'order.1'));
    gather.stop();
    vi.advanceTimersByTime(100);
    expect(reported).toEqual([]);
  });
});

describe('maintenance', () => {
  const session = { id: 1, user: 'olga', name: 'Olga', role: 'staff', roles: ['staff', 'operator'], tenant: '' };

  it('exempts operators, by name or by role', () => {
    const on = { on: true, message: 'Upgrade', since: '2026-11-23T10:00:00Z', by: 'cli' };
    expect(maintenanceFrom(on, session)).toMatchObject({ on: true, message: 'Upgrade', by: 'cli', exempt: false });
    expect(maintenanceFrom({ ...on, operators: ['olga'] }, session).exempt).toBe(true);
    expect(maintenanceFrom({ ...on, operator_roles: ['operator'] }, session).exempt).toBe(true);
    expect(maintenanceFrom({ ...on, operators: ['ann'], operator_roles: ['admin'] }, session).exempt).toBe(false);
    expect(maintenanceFrom(on, session).since?.toISOString()).toBe('2026-11-23T10:00:00.000Z');
  });

  it('is off unless the state says on', () => {
    expect(maintenanceFrom({ since: null }, null)).toEqual({ on: false, message: '', since: null, by: '', exempt: false });
  });
});

describe('presence', () => {
  const person = (id: string, mode = 'view') => ({ id, name: id, mode, tabs: 1 });
  const list = (count: number) => Array.from({ length: count }, (_, i) => person(`user${i}`));
  const whole = (revision: number, count: number): Roster => {
    const roster = follow(null, { revision, count, people: list(Math.min(count, 100)) });
    if (typeof roster === 'string') throw new Error(roster);
    return roster;
  };

  it('takes a list as it is', () => {
    const roster = follow(null, {
      record: 'order.1', count: 2, revision: 4,
      people: [{ id: 'ann', name: 'Ann Abel', mode: 'edit', tabs: 2 }, { id: 'ben', name: '', mode: 'view' }],
      change: { kind: 'join', id: 'ben', name: 'Ben', mode: 'view' },
    });
    expect(roster).toEqual({ revision: 4, count: 2, people: [
      { id: 'ann', name: 'Ann Abel', mode: 'edit', tabs: 2 }, { id: 'ben', name: 'ben', mode: 'view', tabs: 1 },
    ] });
    expect(others((roster as Roster).people, 'ann').map(({ id }) => id)).toEqual(['ben']);
    expect(follow(whole(9, 30), { people: [] })).toEqual({ revision: 0, count: 0, people: [] });
  });

  it('applies differences, also twice', () => {
    const differences = {
      since: 5, revision: 8, count: 30, joined: [person('ann', 'edit')], changed: [person('user1', 'edit')], left: ['user0'],
    };
    const next = follow(whole(5, 30), differences) as Roster;
    expect(next).toMatchObject({ revision: 8, count: 30 });
    expect(next.people.length).toBe(30);
    expect(next.people.filter(({ mode }) => mode === 'edit').map(({ id }) => id)).toEqual(['user1', 'ann']);
    expect(follow({ ...next, revision: 7 }, differences)).toEqual(next); // a list from between the two events
    expect(follow(next, differences)).toBe('known');
  });

  it('notices a missing event', () => {
    expect(follow(null, { since: 5, revision: 8, count: 30 })).toBe('gap');
    expect(follow(whole(5, 30), { since: 6, revision: 8, count: 30, changed: [person('user1')] })).toBe('gap');
  });

  it('has the people of a crowd listed anew when it becomes small, or few are known', () => {
    const crowd = whole(5, 300);
    const leaves = (from: Roster, revision: number, ids: number[], count: number) =>
      follow(from, { since: from.revision, revision, count, left: ids.map((id) => `user${id}`) });
    expect(leaves(crowd, 6, [0, 200], 298)).toMatchObject({ count: 298, revision: 6 });
    expect(leaves(crowd, 6, Array.from({ length: 60 }, (_, i) => i), 240)).toBe('gap');
    expect(leaves(crowd, 6, [0], 100)).toBe('gap');
  });
});

describe('flash', () => {
  it('reads a text, its parts, or an object', () => {
    expect(flashFrom({ args: ['Hello'], kwargs: {} })).toEqual({ level: 'info', title: '', text: 'Hello', href: '' });
    expect(flashFrom({ args: [], kwargs: { level: 'error', title: 'Oh', text: 'no', href: '/x' } }))
      .toEqual({ level: 'error', title: 'Oh', text: 'no', href: '/x' });
    expect(flashFrom({ args: [{ text: 'x', level: 'warning' }], kwargs: {} })).toMatchObject({ level: 'warning', text: 'x' });
    expect(flashFrom({ args: [42], kwargs: { level: 'loud' } })).toMatchObject({ level: 'info', text: '' });
  });

  it('drops an address that would run code in the page', () => {
    for (const href of ['javascript:alert(1)', ' JavaScript:alert(1)', 'data:text/html,x', 'http://[']) {
      expect(flashFrom({ args: [], kwargs: { href } }).href).toBe('');
    }
  });
});
