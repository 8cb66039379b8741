import { html, nothing, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import { repeat } from 'lit/directives/repeat.js';
import type { Level } from '@tidings/client';
import type { FlashMessage } from './flash-store';
import * as icons from './icons';
import type { Store } from './store';
import { View } from './view';

export const WORDS: Readonly<Record<Level, string>> = { info: 'Note', success: 'Done', warning: 'Attention', error: 'Error' };

const ROOM = 3; // messages side by side
const SMALL = '(max-width: 760px), (max-height: 480px)'; // a screen with room for one

/** The flash messages at the lower edge of every screen. They end the page, so that all of it can be scrolled above them. */
class FlashStack extends View {
  readonly #small = matchMedia(SMALL);
  readonly #size = new ResizeObserver(() => this.#uncover());
  #touched = false; // the pointer or the focus is on a message

  protected stores(): readonly Store[] {
    return [this.site.flashes];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#size.observe(this);
    this.#small.addEventListener('change', this.#fit);
    document.addEventListener('visibilitychange', this.#pause);
    document.addEventListener('keydown', this.#escape);
    this.#fit();
    this.#pause();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#size.disconnect();
    this.#small.removeEventListener('change', this.#fit);
    document.removeEventListener('visibilitychange', this.#pause);
    document.removeEventListener('keydown', this.#escape);
  }

  protected override render(): TemplateResult {
    const { flashes } = this.site;
    return html`<section class="flashes" data-testid="flashes" aria-label="Notifications"
      @pointerenter=${this.#touch} @pointerleave=${this.#touch} @focusin=${this.#touch} @focusout=${this.#touch}>
      ${repeat(flashes.shown, ({ key }) => key, (message) => this.#message(message))}
      ${flashes.more > 0 ? html`<button class="button small flash-more" data-testid="flash-more" @click=${() => flashes.list(true)}>+${flashes.more} more</button>` : nothing}
    </section>
    ${this.#spoken('status', flashes.said)} ${this.#spoken('alert', flashes.alerted)}`;
  }

  #message({ key, level, title, text, href, action }: FlashMessage): TemplateResult {
    return html`<article class="flash ${level}" data-testid="flash" data-level=${level} data-key=${key}>
      ${icons.levels[level]}
      <div class="flash-body">
        <span class="flash-word">${WORDS[level]}</span>
        ${title ? html`<strong class="flash-title" data-testid="flash-title" dir="auto">${title}</strong>` : nothing}
        <span class="flash-text" data-testid="flash-text" dir="auto">${text}</span>
        ${href ? html`<a class="flash-link" href=${href}>Open</a>` : nothing}
        ${action ? html`<button class="button small" data-testid=${action.label === 'Reload' ? 'flash-reload' : 'flash-action'} @click=${action.run}>${action.label}</button>` : nothing}
      </div>
      <button class="icon-button small" data-testid="flash-dismiss" aria-label="Dismiss" @click=${() => this.#dismiss(key)}>${icons.close}</button>
    </article>`;
  }

  /** A message is read out when it comes, also if there is no room for it: errors at once, others when the reader pauses. */
  #spoken(role: 'status' | 'alert', message: FlashMessage | null): TemplateResult {
    return html`<div class="visually-hidden" role=${role} data-testid="flash-${role}">${message
      ? keyed(message, html`<p>${WORDS[message.level]}: ${message.title ? `${message.title}. ` : ''}${message.text}</p>`) : nothing}</div>`;
  }

  /** Dismisses a message. The focus stays among the messages, or returns to the page after the last one. */
  #dismiss(key: string): void {
    const focused = this.contains(document.activeElement);
    this.site.flashes.dismiss(key);
    if (!focused) return;
    void this.updateComplete.then(() => (this.querySelector<HTMLElement>('.flash .icon-button') ?? document.querySelector<HTMLElement>('#main'))?.focus());
  }

  /** Escape dismisses the message that has the focus, or the newest of those on screen. */
  readonly #escape = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || event.defaultPrevented || event.isComposing || document.querySelector('dialog[open]')) return;
    const focused = document.activeElement?.closest<HTMLElement>('.flash')?.dataset['key'];
    const newest = this.site.flashes.shown.reduce<FlashMessage | null>((found, one) => (found && found.at >= one.at ? found : one), null);
    const key = focused ?? newest?.key;
    if (key !== undefined) this.#dismiss(key);
  };

  readonly #touch = ({ type }: Event): void => {
    this.#touched = type === 'pointerenter' || type === 'focusin';
    this.#pause();
  };

  readonly #pause = (): void => this.site.flashes.pause(this.#touched || document.visibilityState !== 'visible');

  readonly #fit = (): void => this.site.flashes.makeRoom(this.#small.matches ? 1 : ROOM);

  /** Tells the styles how much room the messages take, and scrolls what has the focus out from under them. */
  #uncover(): void {
    document.documentElement.style.setProperty('--flashes', `${this.offsetHeight}px`);
    const { activeElement } = document;
    if (activeElement && activeElement !== document.body && !this.contains(activeElement)) activeElement.scrollIntoView({ block: 'nearest' });
  }
}

customElements.define('demo-flashes', FlashStack);
