import { html, nothing, type TemplateResult } from 'lit';
import type { FlashMessage } from './flash-store';
import { WORDS } from './flashes';
import { moment } from './format';
import * as icons from './icons';
import type { Store } from './store';
import { View } from './view';

/** The list of all flash messages, also of those that are gone. */
class FlashList extends View {
  protected stores(): readonly Store[] {
    return [this.site.flashes];
  }

  protected override render(): TemplateResult {
    const { flashes } = this.site;
    return html`<dialog class="flash-list" closedby="any" aria-labelledby="flash-list-title" data-testid="flash-list" @close=${() => flashes.list(false)}>
      <div class="card-head">
        <h2 id="flash-list-title">Notifications</h2>
        ${flashes.open.length > 0 ? html`<button class="button small" data-testid="flash-dismiss-all" @click=${() => flashes.dismissAll()}>Dismiss all</button>` : nothing}
        <button class="icon-button" aria-label="Close" data-testid="flash-list-close" @click=${() => flashes.list(false)}>${icons.close}</button>
      </div>
      ${this.#part('Now', flashes.open, 'flash-open')} ${this.#part('Earlier', flashes.past, 'flash-past')}
      ${flashes.open.length + flashes.past.length === 0 ? html`<p class="empty">There are none yet.</p>` : nothing}
    </dialog>`;
  }

  protected override updated(): void {
    const dialog = this.querySelector('dialog');
    if (!dialog || dialog.open === this.site.flashes.listed) return;
    if (this.site.flashes.listed) dialog.showModal();
    else dialog.close();
  }

  #part(name: string, messages: readonly FlashMessage[], id: string): TemplateResult | typeof nothing {
    if (messages.length === 0) return nothing;
    return html`<h3>${name}</h3><ul data-testid=${id}>${messages.map(({ level, title, text, at, action }) => html`<li class="flash ${level}" data-level=${level}>
      ${icons.levels[level]}
      <div class="flash-body">
        <span class="flash-word">${WORDS[level]} · <time datetime=${at.toISOString()}>${moment(at)}</time></span>
        ${title ? html`<strong class="flash-title" dir="auto">${title}</strong>` : nothing}
        <span class="flash-text" dir="auto">${text}</span>
        ${action && id === 'flash-open' ? html`<button class="button small" @click=${action.run}>${action.label}</button>` : nothing}
      </div></li>`)}</ul>`;
  }
}

customElements.define('demo-flash-list', FlashList);
