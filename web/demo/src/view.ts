import { LitElement } from 'lit';
import type { Site } from './site';
import type { Store } from './store';

/** A part of the page: drawn into the page itself, so that labels, ids and styles reach across parts. */
export abstract class View extends LitElement {
  static override properties = { site: { attribute: false } };

  declare site: Site;

  #stops: (() => void)[] = [];

  /** What the view shows; it is drawn again whenever one of these changes. */
  protected abstract stores(): readonly Store[];

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stops = this.stores().map((store) => store.listen(() => this.requestUpdate()));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const stop of this.#stops) stop();
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}
