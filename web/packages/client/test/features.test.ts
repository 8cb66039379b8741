import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { backoff } from '../src/backoff.js';
import { type Change, gathering } from '../src/content.js';
import { flashFrom } from '../src/flash.js';
import { maintenanceFrom } from '../src/maintenance.js';
import { others, updateFrom } from '../src/presence.js';

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
    ({ id, tags, author: null, mine: false, version: null, fields: [], at: new Date(0) });

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
  it('reads the people and the person who joined', () => {
    const update = updateFrom({
      record: 'order.1', count: 2, revision: 4,
      people: [{ id: 'ann', name: 'Ann Abel', mode: 'edit', tabs: 2 }, { id: 'ben', name: '', mode: 'view' }],
      change: { kind: 'join', id: 'ben', name: 'Ben', mode: 'view' },
    });
    expect(update.people).toEqual([
      { id: 'ann', name: 'Ann Abel', mode: 'edit', tabs: 2 }, { id: 'ben', name: 'ben', mode: 'view', tabs: 1 },
    ]);
    expect(update.change).toEqual({ kind: 'join', id: 'ben', name: 'Ben' });
    expect(others(update.people, 'ann').map(({ id }) => id)).toEqual(['ben']);
  });

  it('has no change in the first state', () => {
    expect(updateFrom({ people: [], change: { kind: 'state', id: '', name: '' } }).change).toBeNull();
    expect(updateFrom({})).toEqual({ people: [], change: null });
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
