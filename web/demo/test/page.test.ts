import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Flashes } from '../src/flash-store';
import { initials, listed, moment } from '../src/format';
import { routeFrom } from '../src/route';

describe('routes', () => {
  it.each([
    ['', { screen: 'orders', order: null }],
    ['#/orders/1041', { screen: 'orders', order: 1041 }],
    ['#/orders/x', { screen: 'orders', order: null }],
    ['#/prices', { screen: 'prices' }],
    ['#/chat/sales', { screen: 'chat', room: 'sales' }],
    ['#/chat/nowhere', { screen: 'chat', room: 'general' }],
    ['#/elsewhere', { screen: 'orders', order: null }],
  ])('%s', (hash, route) => {
    expect(routeFrom(hash)).toEqual(route);
  });
});

describe('formats', () => {
  it('are readable text', () => {
    expect(listed([])).toBe('');
    expect(listed(['a'])).toBe('a');
    expect(listed(['a', 'b', 'c'])).toBe('a, b and c');
    expect(initials('Ann Abel')).toBe('AA');
    expect(initials('ann')).toBe('A');
    expect(initials('')).toBe('?');
    expect(moment(new Date(2026, 10, 23, 14, 5), new Date(2026, 10, 23, 20))).toBe('14:05');
    expect(moment(new Date(2026, 10, 21, 14, 5), new Date(2026, 10, 23, 20))).toContain('21');
  });
});

describe('flash messages', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const texts = (flashes: Flashes): string[] => flashes.messages.map(({ text }) => text);

  it('expire, unless they are errors or have a button', () => {
    const flashes = new Flashes();
    flashes.add({ level: 'info', text: 'note' });
    flashes.add({ level: 'error', text: 'trouble' });
    flashes.add({ level: 'info', text: 'offer', action: { label: 'Reload', run: () => undefined } });
    vi.advanceTimersByTime(60_000);
    expect(texts(flashes)).toEqual(['trouble', 'offer']);
  });

  it('do not expire while they are paused', () => {
    const flashes = new Flashes();
    flashes.add({ level: 'info', text: 'note' });
    flashes.pause(true);
    vi.advanceTimersByTime(60_000);
    expect(texts(flashes)).toEqual(['note']);
    flashes.pause(false);
    vi.advanceTimersByTime(60_000);
    expect(texts(flashes)).toEqual([]);
  });

  it('replace an earlier one with the same key, and are limited in number', () => {
    const flashes = new Flashes();
    for (const text of ['first', 'second']) flashes.add({ key: 'order-1', level: 'warning', text });
    expect(texts(flashes)).toEqual(['second']);
    for (let i = 0; i < 20; i++) flashes.add({ level: 'error', text: String(i) });
    expect(flashes.messages).toHaveLength(5);
    flashes.dismiss('nothing');
  });
});
