import { type Connection, type Handle, isDict, type TopicEvent } from '@tidings/client';
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
  readonly changes: Ring; // in percent since the first tick, so that all symbols fit one axis
}

export const SPAN = 60_000; // ms of history on the chart
const GRID = 100; // ms between two points; finer than a pixel of the chart
const POINTS = SPAN / GRID;
const RATE = 2_000; // ms over which ticks a second are counted

/**
 * Ticks come when they like; the chart wants all lines on one time axis. So each tick only sets a number, and a grid of
 * points is filled in as time passes.
 */
export class PriceFeed {
  readonly since: number;
  total = 0;

  readonly #series = new Map<string, Series>();
  readonly #handle: Handle;
  readonly #arrivals: number[] = [];
  #times = new Ring(POINTS);
  #filled = 0;
  #symbols: readonly string[] = [];

  constructor(connection: Connection, now: number) {
    this.since = now;
    this.#filled = now;
    this.#handle = connection.subscribe('price.', (event) => this.#receive(event), { match: 'prefix' });
  }

  stop(): void {
    this.#handle.release();
  }

  /** In a fixed order; a new array only when there is a new symbol. */
  get symbols(): readonly string[] {
    return this.#symbols;
  }

  quote(symbol: string): Quote {
    const { first, last, ticks } = this.#series.get(symbol) ?? { first: 0, last: 0, ticks: 0 };
    return { symbol, first, last, ticks };
  }

  /** Ticks a second, of late. */
  rate(now: number): number {
    while (this.#arrivals.length > 0 && (this.#arrivals[0] ?? 0) < now - RATE) this.#arrivals.shift();
    return (this.#arrivals.length * 1000) / RATE;
  }

  /** The chart's columns: times in seconds, then each symbol's change in percent. */
  columns(now: number): Float64Array[] {
    this.#fill(now);
    return [this.#times.view(), ...this.#symbols.map((symbol) => this.#series.get(symbol)?.changes.view() ?? new Float64Array())];
  }

  tick(symbol: string, price: number, now: number): void {
    this.#fill(now);
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

  #begin(symbol: string, price: number): Series {
    const series: Series = { first: price, last: price, ticks: 0, changes: new Ring(POINTS) };
    for (let points = this.#times.view().length; points > 0; points--) series.changes.push(0);
    this.#series.set(symbol, series);
    this.#symbols = [...this.#series.keys()].sort();
    return series;
  }

  #fill(now: number): void {
    this.#filled = Math.max(this.#filled, now - SPAN); // the page was asleep: what is older is off the chart
    for (; this.#filled + GRID <= now; this.#filled += GRID) {
      this.#times.push((this.#filled + GRID) / 1000);
      for (const { first, last, changes } of this.#series.values()) changes.push((last / first - 1) * 100);
    }
  }
}
