import 'uplot/dist/uPlot.min.css';
import { html, type TemplateResult } from 'lit';
import { asOf } from './as-of';
import { PriceChart } from './price-chart';
import { PriceFeed, type Quote } from './price-feed';
import type { Store } from './store';
import { View } from './view';

const FIGURES = 250; // ms between two updates of the figures; the chart is drawn in every frame
const SLOW = 8; // ms; if drawing takes longer, every other frame is skipped

/** A live chart of the topics below `price.`. */
class PricesScreen extends View {
  readonly #dark = matchMedia('(prefers-color-scheme: dark)');
  readonly #off = new Set<string>();
  #feed: PriceFeed | null = null;
  #chart: PriceChart | null = null;
  #charted: readonly string[] = [];
  #resize: ResizeObserver | null = null;
  #request = 0;
  #skip = false;
  #paused = false;
  #figures = 0;
  #frames: number[] = [];

  protected stores(): readonly Store[] {
    return [this.site];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#feed = new PriceFeed(this.site.connection, Date.now());
    this.#resize = new ResizeObserver(() => this.#chart?.resize(this.#place));
    this.#request = requestAnimationFrame(this.#frame);
    window.addEventListener('demo-theme', this.#recolour);
    this.#dark.addEventListener('change', this.#recolour);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    cancelAnimationFrame(this.#request);
    window.removeEventListener('demo-theme', this.#recolour);
    this.#dark.removeEventListener('change', this.#recolour);
    this.#feed?.stop();
    this.#resize?.disconnect();
    this.#chart?.destroy();
    this.#chart = null;
  }

  protected override firstUpdated(): void {
    this.#resize?.observe(this.#place);
  }

  protected override render(): TemplateResult {
    const feed = this.#feed;
    const symbols = feed?.symbols ?? [];
    const since = this.site.asOf;
    return html`<div class="prices">
      <section class="card chart-card" aria-labelledby="prices-title">
        <div class="card-head"><div><h1 id="prices-title">Prices</h1><p class="muted">Change since this screen opened</p></div>
          ${asOf(since)}
          <button class="button small" data-testid="price-pause" aria-pressed=${this.#paused} @click=${this.#pause}>${this.#paused ? 'Resume' : 'Pause'}</button></div>
        <div class="chart" data-testid="price-chart" role="img" aria-label="Line chart of ${symbols.length} symbols over the last minute"></div>
        <dl class="figures">
          <div><dt>Ticks / s</dt><dd data-testid="tick-rate">${Math.round(feed?.rate(Date.now()) ?? 0)}</dd></div>
          <div><dt>Ticks</dt><dd data-testid="tick-total" data-value=${feed?.total ?? 0}>${(feed?.total ?? 0).toLocaleString('en')}</dd></div>
          <div><dt>Frames / s</dt><dd data-testid="frame-rate">${this.#frames.length}</dd></div>
        </dl>
      </section>
      <section class="card quotes-card ${since ? 'stale' : ''}" aria-labelledby="quotes-title">
        <div class="card-head"><h2 id="quotes-title">Symbols</h2>${asOf(since)}</div>
        ${symbols.length === 0 ? html`<p class="empty">${since ? 'There are no prices without a connection.' : 'Waiting for the first tick…'}</p>` : html`<ul class="quotes">
          ${symbols.map((symbol, at) => this.#quote(feed?.quote(symbol) ?? { symbol, first: 1, last: 1, ticks: 0 }, at))}</ul>`}
      </section>
    </div>`;
  }

  #quote({ symbol, first, last, ticks }: Quote, at: number): TemplateResult {
    const change = (last / first - 1) * 100;
    const shown = !this.#off.has(symbol);
    return html`<li><button class="quote" aria-pressed=${shown} data-testid="quote" data-symbol=${symbol} data-ticks=${ticks} @click=${() => this.#toggle(symbol, at)}>
      <span class="swatch series-${(at % 8) + 1}" aria-hidden="true"></span><span class="quote-name">${symbol}</span>
      <span class="quote-last">${last.toFixed(2)}</span>
      <span class="quote-change ${change < 0 ? 'down' : 'up'}">${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(2)} %</span>
    </button></li>`;
  }

  get #place(): HTMLElement {
    return this.querySelector<HTMLElement>('.chart') ?? this;
  }

  /** Draws all ticks since the last frame. */
  readonly #frame = (at: number): void => {
    this.#request = requestAnimationFrame(this.#frame);
    if (this.#skip || this.#paused || !this.#feed) {
      this.#skip = false;
      return;
    }
    this.#frames = [...this.#frames.filter((drawn) => drawn > at - 1000), at];
    const started = performance.now();
    const { symbols } = this.#feed;
    if (symbols !== this.#charted) this.#build(symbols);
    const now = Date.now();
    this.#chart?.draw(this.#feed.columns(now), { now, since: this.#feed.since, breaks: this.#feed.breaks(now) });
    this.#skip = performance.now() - started > SLOW;
    if (at - this.#figures < FIGURES) return;
    this.#figures = at;
    this.requestUpdate();
  };

  #build(symbols: readonly string[]): void {
    this.#chart?.destroy();
    this.#charted = symbols;
    this.#chart = new PriceChart(this.#place, symbols);
    symbols.forEach((symbol, at) => this.#off.has(symbol) && this.#chart?.show(at, false));
  }

  #toggle(symbol: string, at: number): void {
    if (!this.#off.delete(symbol)) this.#off.add(symbol);
    this.#chart?.show(at, !this.#off.has(symbol));
    this.requestUpdate();
  }

  /** Pauses drawing. Ticks are still counted. */
  readonly #pause = (): void => {
    this.#paused = !this.#paused;
    this.requestUpdate();
  };

  readonly #recolour = (): void => this.#build(this.#charted);
}

customElements.define('demo-prices', PricesScreen);
