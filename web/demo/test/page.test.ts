import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Person } from '@tidings/client';
import type { Order } from '../src/api';
import { Flashes } from '../src/flash-store';
import { initials, isolated, listed, moment } from '../src/format';
import { peopleText } from '../src/names';
import { changesOf, draftFrom, draftOf } from '../src/order-draft';
import { differences } from '../src/people';
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
    expect(moment(new Date(2026, 10, 23, 14, 5), new Date(2026, 10, 23, 20))).toBe('14:05');
    expect(moment(new Date(2026, 10, 21, 14, 5), new Date(2026, 10, 23, 20))).toContain('21');
  });

  it.each([
    ['Ann Abel', 'AA'], ['ann', 'A'], ['', '?'], ['  ', '?'],
    ['👩‍🚀 Ann Abel', '👩‍🚀'], ['🇫🇮 Aino', '🇫🇮'], ['Ann 👍🏽', 'A👍🏽'],
    ['e\u0301lodie noe\u0308l', 'E\u0301N'], ['شيرين عبد', 'شع'], ['\u202eeve', 'E'],
  ])('the initials of "%s" are "%s"', (name, shown) => {
    expect(initials(name)).toBe(shown);
  });

  it('keep the direction of a name inside it', () => {
    expect(isolated('Ann')).toBe('\u2068Ann\u2069');
    expect(isolated('a\u2069\u202eb')).toBe('\u2068ab\u2069');
  });
});

describe('people', () => {
  const plain = (text: string): string => text.replace(/[\u2068\u2069]/g, '');
  const person = (name: string, mode: Person['mode'] = 'view'): Person => ({ id: name, name, mode, tabs: 1 });

  it.each([
    [['Ann'], 1, 'Ann'],
    [['Ann', 'Ben', 'Cem'], 3, 'Ann, Ben and Cem'],
    [['Ann', 'Ben', 'Cem', 'Dee'], 4, 'Ann, Ben and 2 others'],
    [['Ann', 'Ben', 'Cem'], 60, 'Ann, Ben and 58 others'],
    [[], 1, '1 other'],
  ])('%j of %d are "%s"', (names, total, text) => {
    expect(plain(peopleText(names, total))).toBe(text);
  });

  it('are read out as differences, not as a list', () => {
    const [ann, ben, cem] = ['Ann', 'Ben', 'Cem'].map((name) => person(name)) as [Person, Person, Person];
    expect(differences([ann], [ann])).toBe('');
    expect(plain(differences([ann], [ann, ben, cem]))).toBe('Ben and Cem came.');
    expect(plain(differences([ann, ben], [person('Ann', 'edit')]))).toBe('Ben left. Ann is editing.');
    expect(plain(differences([person('Ann', 'edit')], [ann]))).toBe('Ann stopped editing.');
  });
});

describe('a draft', () => {
  const order: Order = {
    id: 1, customer: 'c', item: 'i', quantity: 2, price: 3, status: 'new', note: '', version: 4, updated_by: 'ann', updated_at: '',
  };

  it('is what the user has changed, on top of any version of the order', () => {
    const changes = changesOf(order, { ...draftOf(order), note: 'hello' });
    expect(changes).toEqual({ note: 'hello' });
    expect(draftFrom({ ...order, status: 'packed', version: 5 }, changes)).toMatchObject({ note: 'hello', status: 'packed' });
    expect(draftFrom({ ...order, note: 'hello' }, changes)).toBe(null);
    expect(draftFrom(order, { unknown: 'x' })).toBe(null);
    expect(changesOf(order, null)).toEqual({});
  });
});

describe('flash messages', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const texts = (messages: Flashes['open']): string[] => messages.map(({ text }) => text);

  it('expire, unless they are errors or have a button', () => {
    const flashes = new Flashes();
    flashes.add({ level: 'info', text: 'note' });
    flashes.add({ level: 'error', text: 'trouble' });
    flashes.add({ level: 'info', text: 'offer', action: { label: 'Reload', run: () => undefined } });
    vi.advanceTimersByTime(60_000);
    expect(texts(flashes.open)).toEqual(['trouble', 'offer']);
    expect(texts(flashes.past)).toEqual(['note']);
  });

  it('do not expire while they are paused, nor before there was room for them', () => {
    const flashes = new Flashes();
    flashes.makeRoom(1);
    for (const text of ['first', 'second']) flashes.add({ level: 'info', text });
    flashes.pause(true);
    vi.advanceTimersByTime(60_000);
    expect(texts(flashes.open)).toEqual(['second', 'first']);
    flashes.pause(false);
    vi.advanceTimersByTime(9_000);
    expect(texts(flashes.open)).toEqual(['first']);
    vi.advanceTimersByTime(9_000);
    expect(texts(flashes.open)).toEqual([]);
  });

  it('replace an earlier one with the same key, whose time begins anew', () => {
    const flashes = new Flashes();
    flashes.add({ key: 'a', level: 'info', text: 'first' });
    vi.advanceTimersByTime(7_000);
    flashes.add({ key: 'a', level: 'info', text: 'second' });
    vi.advanceTimersByTime(7_000);
    expect(texts(flashes.open)).toEqual(['second']);
  });

  it('of any number leave an error on screen', () => {
    const flashes = new Flashes();
    flashes.add({ level: 'error', text: 'trouble' });
    for (let i = 0; i < 20; i++) flashes.add({ level: 'info', text: String(i) });
    expect(texts(flashes.shown)).toEqual(['trouble', '19', '18']);
    expect(flashes.more).toBe(18);
    for (let i = 0; i < 200; i++) flashes.add({ level: 'info', text: String(i) });
    expect(texts(flashes.shown)[0]).toBe('trouble');
    expect([flashes.open.length, flashes.past.length]).toEqual([100, 50]);
    flashes.dismissAll();
    expect([texts(flashes.open), texts(flashes.past)[0]]).toEqual([[], 'trouble']);
    flashes.dismiss('nothing');
  });
});
