import type { Connection, EventHandler, Status } from '@tidings/client';
import { describe, expect, it } from 'vitest';
import { PriceFeed } from '../src/price-feed';
import { Ring } from '../src/ring';

describe('a ring', () => {
  it('returns the last numbers in order at every position', () => {
    const ring = new Ring(4);
    const all: number[] = [];
    expect([...ring.view()]).toEqual([]);
    for (let value = 1; value <= 20; value++) {
      ring.push(value);
      all.push(value);
      expect([...ring.view()]).toEqual(all.slice(-4));
    }
  });
});

describe('the price feed', () => {
  const start = 1_000_000;

  function feed(): { feed: PriceFeed; receive: EventHandler; released: () => boolean; show: (status: Status) => void } {
    let handler: EventHandler = () => undefined;
    let gone = false;
    let show: (status: Status) => void = () => undefined;
    const connection = {
      subscribe: (uri: string, handle: EventHandler) => {
        handler = handle;
        return { uri, release: () => (gone = true), onStatus: (listener: typeof show) => (show = listener) };
      },
    } as unknown as Connection;
    return { feed: new PriceFeed(connection, start), receive: (event) => handler(event), released: () => gone, show: (status) => show(status) };
  }

  it('counts single ticks and batches, and ignores other payloads', () => {
    const { feed: prices, receive } = feed();
    const event = { uri: 'price.abc', details: {}, publication: 1, position: null, afterGap: false, skipped: 0 };
    receive({ ...event, payload: { args: [{ t: 1, p: 10 }], kwargs: {} } });
    receive({ ...event, payload: { args: [{ t: 2, p: 11 }, { t: 3, p: 12 }], kwargs: {} } });
    receive({ ...event, payload: { args: [[{ t: 4, p: 13 }]], kwargs: {} } });
    receive({ ...event, payload: { args: ['x', null, { p: 'y' }], kwargs: {} } });
    expect(prices.total).toBe(4);
    expect(prices.quote('abc')).toEqual({ symbol: 'abc', first: 10, last: 13, ticks: 4 });
  });

  it('puts all symbols on the same points in time, as percent since their first tick', () => {
    const { feed: prices } = feed();
    prices.tick('b', 100, start + 10);
    prices.tick('b', 110, start + 150);
    prices.tick('a', 50, start + 160);
    const [times, a, b] = prices.columns(start + 300);
    expect([...(times ?? [])]).toEqual([1000.1, 1000.2, 1000.3]);
    expect(prices.symbols).toEqual(['a', 'b']);
    expect([...(a ?? [])]).toEqual([0, 0, 0]);
    expect([...(b ?? [])].map(Math.round)).toEqual([0, 10, 10]);
  });

  it('breaks the lines while there is no connection, until the next tick', () => {
    const { feed: prices, show } = feed();
    const stale = { state: 'stale', failure: null } as const;
    prices.tick('a', 50, start + 1000);
    show({ ...stale, since: new Date(start + 2000) });
    show({ ...stale, since: new Date(start + 2500) });
    expect(prices.breaks(start + 3000)).toEqual([[start + 2000, start + 3000]]);
    prices.tick('a', 51, start + 5000);
    expect(prices.breaks(start + 6000)).toEqual([[start + 2000, start + 5000]]);
    expect(prices.breaks(start + 70_000)).toEqual([]);
  });

  it('keeps one minute, also when the page slept for an hour', () => {
    const { feed: prices } = feed();
    prices.tick('a', 50, start);
    const [times] = prices.columns(start + 3_600_000);
    expect(times).toHaveLength(600);
    expect(times?.at(-1)).toBeCloseTo((start + 3_600_000) / 1000, 3);
  });

  it('returns the rate of the last ticks', () => {
    const { feed: prices, released } = feed();
    for (let i = 0; i < 100; i++) prices.tick('a', 50, start + i * 10);
    expect(prices.rate(start + 1000)).toBe(50);
    expect(prices.rate(start + 10_000)).toBe(0);
    prices.stop();
    expect(released()).toBe(true);
  });
});
