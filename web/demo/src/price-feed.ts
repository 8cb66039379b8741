import { type Connection, isDict, type Subscription, type TopicEvent } from '@tidings/client';
import { Ring } from './ring';

export interface Quote {
  readonly symbol: string;
  readonly first: number;
  readonly last: number;
  readonly ticks: number;
}

interface Series {
  first: number;
  last: number;
  ticks: number;
  readonly changes: Ring; // percent since the first tick, which puts all symbols on one axis
}

export const SPAN = 60_000; // ms of history on the chart
const GRID = 100; // ms between two points; less than a pixel of the chart
const POINTS = SPAN / GRID;
const RATE = 2_000; // ms over which the rate is measured

/**
 * The prices since the screen was opened. Ticks arrive at any time, but all lines of the chart share their points in
 * time: a tick sets the last price, and each point takes the last prices.
 */
export class PriceFeed {
  readonly since: number;
  total = 0;

  readonly #series = new Map<string, Series>();
  readonly #subscription: Subscription;
  readonly #arrivals: number[] = [];
  readonly #breaks: [from: number, to: number][] = [];
  #times = new Ring(POINTS);
  #filled = 0;
  #symbols: readonly string[] = [];

  constructor(connection: Connection, now: number) {
    this.since = now;
    this.#filled = now;
    this.#subscription = connection.subscribe('price.', (event) => this.#receive(event), { match: 'prefix' });
    this.#subscription.onStatus(({ state, since }) => {
      if (state === 'stale') this.#breakOff(since.getTime());
    });
  }

  stop(): void {
    this.#subscription.release();
  }

  /** The times, in ms, between which nothing is known: the lines break. The last one ends now while there is no connection. */
  breaks(now: number): readonly (readonly [number, number])[] {
    while (this.#breaks[0] && this.#breaks[0][1] < now - SPAN) this.#breaks.shift();
    return this.#breaks.map(([from, to]) => [from, Math.min(to, now)]);
  }

  /** The symbols, sorted. The array is replaced when there is a new symbol. */
  get symbols(): readonly string[] {
    return this.#symbols;
  }

  quote(symbol: string): Quote {
    const { first, last, ticks } = this.#series.get(symbol) ?? { first: 0, last: 0, ticks: 0 };
    return { symbol, first, last, ticks };
  }

  /** Returns the ticks a second over the last RATE ms. */
  rate(now: number): number {
    while (this.#arrivals.length > 0 && (this.#arrivals[0] ?? 0) < now - RATE) this.#arrivals.shift();
    return (this.#arrivals.length * 1000) / RATE;
  }

  /** Returns the chart's columns: the times in seconds, then each symbol's change in percent. */
  columns(now: number): Float64Array[] {
    this.#fill(now);
    return [this.#times.view(), ...this.#symbols.map((symbol) => this.#series.get(symbol)?.changes.view() ?? new Float64Array())];
  }

  tick(symbol: string, price: number, now: number): void {
    this.#fill(now);
    const last = this.#breaks.at(-1);
    if (last?.[1] === Infinity) last[1] = now;
    const series = this.#series.get(symbol) ?? this.#begin(symbol, price);
    series.last = price;
    series.ticks++;
    this.total++;
    this.#arrivals.push(now);
  }

  #receive({ uri, payload: { args } }: TopicEvent): void {
    const symbol = uri.slice(uri.indexOf('.') + 1);
    const now = Date.now();
    for (const tick of args.flat()) {
      const price = isDict(tick) ? tick['p'] : undefined;
      if (typeof price === 'number') this.tick(symbol, price, now);
    }
  }

  #breakOff(since: number): void {
    if (this.#breaks.at(-1)?.[1] !== Infinity) this.#breaks.push([since, Infinity]);
  }

  #begin(symbol: string, price: number): Series {
    const series: Series = { first: price, last: price, ticks: 0, changes: new Ring(POINTS) };
    for (let points = this.#times.view().length; points > 0; points--) series.changes.push(0);
    this.#series.set(symbol, series);
    this.#symbols = [...this.#series.keys()].sort();
    return series;
  }

  #fill(now: number): void {
    this.#filled = Math.max(this.#filled, now - SPAN); // after a sleep of the page, skip points that are off the chart
    for (; this.#filled + GRID <= now; this.#filled += GRID) {
      this.#times.push((this.#filled + GRID) / 1000);
      for (const { first, last, changes } of this.#series.values()) changes.push((last / first - 1) * 100);
    }
  }
}
