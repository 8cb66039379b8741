import { html, nothing, type TemplateResult } from 'lit';
import { time } from './format';
import * as icons from './icons';
import type { Store } from './store';
import { View } from './view';

/**
 * The modal dialog that blocks the page during maintenance. A native dialog makes the rest of the page inert and
 * restores the focus when it closes. Typed text is kept.
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
      @cancel=${(event: Event) => event.preventDefault()} @close=${() => this.#settle()} @keydown=${ignoreEscape}>
      ${this.#wanted ? html`<span class="modal-icon">${icons.tools}</span>
        <h2 id="maintenance-title">Maintenance</h2>
        <div id="maintenance-text">
          <p class="modal-message" data-testid="maintenance-message">${maintenance?.message || 'We are working on the system.'}</p>
          <p class="muted">${since}This page opens again by itself and keeps everything you have typed.</p>
        </div>
        <div class="progress" aria-hidden="true"></div>` : nothing}
    </dialog>`;
  }

  protected override updated(): void {
    this.#settle();
  }

  /** Opens or closes the dialog. Browsers close any dialog on a second Escape; it is then opened again. */
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

/** The banner on the pages of operators, which stay usable during maintenance. */
class OperatorBanner extends View {
  protected stores(): readonly Store[] {
    return [this.site];
  }

  protected override render(): TemplateResult {
    const { maintenance } = this.site;
    const shown = maintenance?.on === true && maintenance.exempt;
    return html`<div role="status">${shown
      ? html`<div class="banner" data-testid="maintenance-banner">${icons.tools}
          <span><strong>Maintenance${maintenance.message ? `: ${maintenance.message}` : ''}</strong> · You are an operator: your page stays usable, all others are locked.</span></div>`
      : nothing}</div>`;
  }
}

function ignoreEscape(event: KeyboardEvent): void {
  if (event.key === 'Escape') event.preventDefault();
}

customElements.define('demo-maintenance', MaintenanceModal);
customElements.define('demo-operator-banner', OperatorBanner);
