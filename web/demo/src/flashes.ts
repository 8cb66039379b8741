import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { FlashMessage } from './flash-store';
import * as icons from './icons';
import type { Store } from './store';
import { View } from './view';

const SPOKEN = { info: 'Note', success: 'Done', warning: 'Attention', error: 'Error' } as const;

/** The stack of flash messages above every screen. */
class FlashStack extends View {
  protected stores(): readonly Store[] {
    return [this.site.flashes];
  }

  protected override render(): TemplateResult {
    const { flashes } = this.site;
    return html`<section class="flashes" data-testid="flashes" aria-label="Notifications" aria-live="polite" aria-relevant="additions"
      @pointerenter=${() => flashes.pause(true)} @pointerleave=${() => flashes.pause(false)}
      @focusin=${() => flashes.pause(true)} @focusout=${() => flashes.pause(false)}>
      ${repeat(flashes.messages, ({ key }) => key, (message) => this.#message(message))}
    </section>`;
  }

  #message(message: FlashMessage): TemplateResult {
    const { key, level, title, text, href, action } = message;
    return html`<article class="flash ${level}" data-testid="flash" data-level=${level} data-key=${key}>
      <div class="flash-body">
        <span class="visually-hidden">${SPOKEN[level]}: </span>
        ${title ? html`<strong class="flash-title" data-testid="flash-title">${title}</strong>` : nothing}
        <span class="flash-text" data-testid="flash-text">${text}</span>
        ${href ? html`<a class="flash-link" href=${href}>Open</a>` : nothing}
        ${action ? html`<button class="button small" data-testid=${action.label === 'Reload' ? 'flash-reload' : 'flash-action'} @click=${action.run}>${action.label}</button>` : nothing}
      </div>
      <button class="icon-button small" data-testid="flash-dismiss" aria-label="Dismiss" @click=${() => this.site.flashes.dismiss(key)}>${icons.close}</button>
    </article>`;
  }
}

customElements.define('demo-flashes', FlashStack);
