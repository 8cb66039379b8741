import { html, nothing, type TemplateResult } from 'lit';
import { time } from './format';
import * as icons from './icons';
import type { Store } from './store';
import { View } from './view';

/**
 * The modal that disables the page. A native dialog makes everything else inert, keeps the focus, and gives it back to
 * where it was; nothing that was typed is lost.
 */
class MaintenanceModal extends View {
  protected stores(): readonly Store[] {
    return [this.site];
  }

  get #wanted(): boolean {
    const { maintenance } = this.site;
    return maintenance?.on === true && !maintenance.exempt;
  }

  protected override render(): TemplateResult {
    const { maintenance } = this.site;
    const since = maintenance?.since ? `Since ${time(maintenance.since)}. ` : '';
    return html`<dialog class="modal" role="alertdialog" closedby="none" tabindex="-1" data-testid="maintenance-modal"
      aria-labelledby="maintenance-title" aria-describedby="maintenance-text"
      @cancel=${(event: Event) => event.preventDefault()} @close=${() => this.#settle()} @keydown=${stay}>
      ${this.#wanted ? html`<span class="modal-icon">${icons.tools}</span>
        <h2 id="maintenance-title">Maintenance</h2>
        <div id="maintenance-text">
          <p class="modal-message" data-testid="maintenance-message">${maintenance?.message || 'We are working on the system.'}</p>
          <p class="muted">${since}This page comes back by itself, with everything you have typed.</p>
        </div>
        <div class="progress" aria-hidden="true"></div>` : nothing}
    </dialog>`;
  }

  protected override updated(): void {
    this.#settle();
  }

  /** Browsers let a second Escape close any dialog: it opens again as long as it is wanted. */
  #settle(): void {
    const dialog = this.querySelector('dialog');
    if (!dialog || dialog.open === this.#wanted) return;
    if (this.#wanted) {
      dialog.showModal();
      dialog.focus();
    } else {
      dialog.close();
    }
  }
}

/** Operators go on working; the banner reminds them that nobody else can. */
class OperatorBanner extends View {
  protected stores(): readonly Store[] {
    return [this.site];
  }

  protected override render(): TemplateResult {
    const { maintenance } = this.site;
    const shown = maintenance?.on === true && maintenance.exempt;
    return html`<div role="status">${shown
      ? html`<div class="banner" data-testid="maintenance-banner">${icons.tools}
          <span><strong>Maintenance${maintenance.message ? `: ${maintenance.message}` : ''}</strong> · You are an operator; everybody else is locked out.</span></div>`
      : nothing}</div>`;
  }
}

function stay(event: KeyboardEvent): void {
  if (event.key === 'Escape') event.preventDefault();
}

customElements.define('demo-maintenance', MaintenanceModal);
customElements.define('demo-operator-banner', OperatorBanner);
