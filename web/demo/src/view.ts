import { LitElement } from 'lit';
import type { Site } from './site';
import type { Store } from './store';

/** A part of the page, without a shadow root: labels, ids and styles reach across the parts. */
export abstract class View extends LitElement {
  static override properties = { site: { attribute: false } };

  declare site: Site;

  #stops: (() => void)[] = [];

  /** Returns the stores that the view shows; each of their changes renders it again. */
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
