import uPlot from 'uplot';
import { SPAN } from './price-feed';

const EASE = 0.06; // share of the distance that the axis shrinks in each frame
const SHORTEST = 10_000; // ms; the first span of the time axis, which grows to SPAN
const LAG = 0.15; // s; the right edge is that late, so that the newest point is drawn

/** What is drawn beside the columns; times in ms. */
interface Drawn {
  readonly now: number;
  readonly since: number;
  readonly breaks: readonly (readonly [from: number, to: number])[]; // of the lines
}

/** The chart of some symbols, in the colours of the page's theme. */
export class PriceChart {
  readonly #plot: uPlot;
  #breaks: Drawn['breaks'] = [];
  #low = -0.05;
  #high = 0.05;

  constructor(into: HTMLElement, symbols: readonly string[]) {
    const colour = (name: string): string => resolve(into, name);
    const axis: uPlot.Axis = {
      stroke: colour('--muted'), font: '12px system-ui, sans-serif',
      grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false },
    };
    this.#plot = new uPlot({
      ...size(into),
      legend: { show: false },
      cursor: { show: false },
      padding: [8, 30, 0, 0], // half a label of time has room beside the last point
      scales: { x: { time: true }, y: { range: () => [this.#low, this.#high] } },
      axes: [
        { ...axis, space: 74, size: 34, values: (_plot, seconds) => seconds.map(clock) },
        { ...axis, size: 62, values: (_plot, percents) => percents.map((percent) => `${sign(percent)}${Math.abs(percent).toFixed(2)} %`) },
      ],
      series: [{}, ...symbols.map((label, at) => ({ label, stroke: colour(`--series-${(at % 8) + 1}`), width: 1.5, points: { show: false }, gaps: (plot: uPlot) => this.#gaps(plot) }))],
    }, [[], ...symbols.map(() => [])], into);
  }

  draw(columns: Float64Array[], { now, since, breaks }: Drawn): void {
    this.#breaks = breaks;
    this.#range(columns.slice(1));
    const max = now / 1000 - LAG;
    const span = Math.min(SPAN, Math.max(SHORTEST, now - since)) / 1000;
    this.#plot.batch(() => {
      // uPlot reads typed arrays, but its type is a tuple.
      this.#plot.setData(columns as unknown as uPlot.AlignedData, false);
      this.#plot.setScale('x', { min: max - span, max });
    });
  }

  show(at: number, shown: boolean): void {
    this.#plot.setSeries(at + 1, { show: shown });
  }

  resize(into: HTMLElement): void {
    this.#plot.setSize(size(into));
  }

  destroy(): void {
    this.#plot.destroy();
  }

  /** Returns the breaks in pixels. The columns go on with the last price there, which is not drawn. */
  #gaps(plot: uPlot): [number, number][] {
    return this.#breaks.map(([from, to]) => [plot.valToPos(from / 1000, 'x', true), plot.valToPos(to / 1000, 'x', true)]);
  }

  /** Fits the axis to the lines: it grows at once and shrinks slowly, which keeps the chart steady. */
  #range(columns: readonly Float64Array[]): void {
    let low = 0;
    let high = 0;
    columns.forEach((column, at) => {
      if (this.#plot.series[at + 1]?.show === false) return;
      for (const value of column) {
        if (value < low) low = value;
        if (value > high) high = value;
      }
    });
    const room = Math.max(0.02, (high - low) * 0.08);
    this.#low = Math.min(low - room, this.#low + (low - room - this.#low) * EASE);
    this.#high = Math.max(high + room, this.#high + (high + room - this.#high) * EASE);
  }
}

/** Returns a token's colour in the current theme: a canvas supports neither variables nor light-dark(). */
function resolve(into: HTMLElement, name: string): string {
  into.style.color = `var(${name})`;
  const { color } = getComputedStyle(into);
  into.style.color = '';
  return color;
}

function size(into: HTMLElement): { width: number; height: number } {
  return { width: into.clientWidth, height: into.clientHeight };
}

function sign(value: number): string {
  return value > 0 ? '+' : value < 0 ? '−' : '';
}

function clock(seconds: number): string {
  return new Date(seconds * 1000).toTimeString().slice(0, 8);
}
