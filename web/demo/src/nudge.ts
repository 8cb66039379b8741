import { html, nothing, type TemplateResult } from 'lit';
import { sendFlash, Unreachable } from './api';
import { isolated } from './format';
import { read, write } from './storage';
import type { Store } from './store';
import { View } from './view';

const LEVELS = ['info', 'success', 'warning', 'error'] as const;

/** The form that sends a flash message to another user, who sees it on all of their pages. */
class Nudge extends View {
  static override properties = { ...View.properties, status: { state: true } };

  declare private status: string;

  constructor() {
    super();
    this.status = '';
  }

  protected stores(): readonly Store[] {
    return [];
  }

  /** What is typed is kept over a reload of the tab. */
  get #unsent(): string {
    return `demo.unsent/${encodeURIComponent(this.site.user.id)}/flash`;
  }

  protected override render(): TemplateResult | typeof nothing {
    const partner = this.site.partner;
    if (!partner) return nothing;
    return html`<section class="card nudge" aria-labelledby="nudge-title">
      <div class="card-head"><h2 id="nudge-title">Send a flash message</h2><span class="muted" role="status" data-testid="send-flash-status">${this.status}</span></div>
      <form class="nudge-form" @submit=${this.#send}>
        <div class="field nudge-text"><label for="nudge-text">Message</label>
          <input id="nudge-text" name="text" required maxlength="200" autocomplete="off" dir="auto" data-testid="flash-input" 
            .value=${read('sessionStorage', this.#unsent) ?? 'Could you take a look?'} @input=${this.#type} /></div>
        <div class="field"><label for="nudge-level">Kind</label>
          <select id="nudge-level" name="level" data-testid="flash-level">${LEVELS.map((level) => html`<option>${level}</option>`)}</select></div>
        <button class="button" type="submit" data-testid="send-flash">Send to <bdi class="name">${partner.name.split(' ')[0]}</bdi></button>
      </form>
    </section>`;
  }

  readonly #type = (event: Event): void => write('sessionStorage', this.#unsent, (event.target as HTMLInputElement).value);

  readonly #send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const partner = this.site.partner;
    if (!partner) return;
    const fields = new FormData(event.target as HTMLFormElement);
    const flash = { to: partner.id, text: String(fields.get('text')), level: String(fields.get('level')) };
    try {
      await sendFlash(flash, this.site.user.id);
      write('sessionStorage', this.#unsent, null);
      this.status = `Sent to ${isolated(partner.name)}`;
    } catch (error) {
      this.status = error instanceof Unreachable ? 'Not confirmed: the server does not answer. Your text is kept.'
        : `Not sent: ${error instanceof Error ? error.message : String(error)}`;
    }
  };
}

customElements.define('demo-nudge', Nudge);
