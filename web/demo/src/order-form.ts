import { html, nothing, type TemplateResult } from 'lit';
import { Problem } from './api';
import { asOf } from './as-of';
import { listed, moment } from './format';
import * as icons from './icons';
import { personName } from './names';
import { type Draft, draftOf, type Field, FIELDS, LABELS, STATUSES } from './order-draft';
import type { Row, Save } from './order-store';
import type { Store } from './store';
import { View } from './view';
import './presence-line';

/** The form of one order, with the people who have it open and a mark if it is outdated. */
class OrderForm extends View {
  static override properties = { ...View.properties, order: { attribute: false }, elsewhere: { state: true } };

  declare order: number;
  declare private elsewhere: boolean; // another tab of this user edits the order

  constructor() {
    super();
    this.elsewhere = false;
  }

  protected stores(): readonly Store[] {
    return [this.site, this.site.orders];
  }

  get #row(): Row | undefined {
    return this.site.orders.rows.get(this.order);
  }

  protected override render(): TemplateResult | typeof nothing {
    const row = this.#row;
    if (!row) return nothing;
    const { order, draft, save } = row;
    const busy = save?.state === 'running';
    return html`<section class="card order-form" id="form" tabindex="-1" aria-labelledby="form-title" data-testid="order-form">
      <div class="card-head">
        <a class="icon-button back" href="#/orders" aria-label="Back to the list" data-testid="order-back">${icons.back}</a>
        <div class="form-title">
          <h2 id="form-title">Order ${order.id}</h2>
          <p class="muted" data-testid="order-version">Version ${order.version}, saved by ${personName(this.site.nameOf(order.updated_by))}, ${moment(new Date(order.updated_at))}</p>
        </div>
        ${row.outdated && !row.outdated.mine ? html`<span class="tag warning" data-testid="form-outdated">Outdated</span>` : nothing} ${asOf(this.site.asOf)}
      </div>
      <demo-presence .site=${this.site} .order=${this.order} .editing=${draft !== null} .otherTab=${row.otherTab}
        @elsewhere=${({ detail }: CustomEvent<boolean>) => (this.elsewhere = detail)}></demo-presence>
      ${this.#offer(row)} ${this.#ownSave(row)}
      <form @submit=${this.#save} @input=${this.#input}>
        ${this.#fields(draft ?? draftOf(order))} ${this.#problem(save)}
        <div class="form-foot">
          <button class="button primary" type="submit" data-testid="order-save" ?disabled=${!draft || busy}>${busy ? 'Saving…' : 'Save'}</button>
          <button class="button" type="button" data-testid="order-discard" ?disabled=${!draft || busy} @click=${this.#discard}>Discard</button>
          <span class="muted" role="status" data-testid="form-status">${draft ? 'Unsaved changes' : save?.state === 'done' ? 'Saved' : ''}</span>
        </div>
      </form>
    </section>`;
  }

  #problem(save: Save | null): TemplateResult | typeof nothing {
    if (save?.state === 'waiting') {
      return html`<div class="notice warning" role="alert" data-testid="form-waiting">
        <span>The server does not answer. Your text is kept, and saved when the server is back.</span></div>`;
    }
    if (save?.state !== 'failed' || !save.error) return nothing;
    const conflict = save.error instanceof Problem && save.error.status === 409;
    return html`<div class="notice error" role="alert" data-testid="form-error">
      <span dir="auto">${save.draft ? 'Not saved: ' : 'That did not work: '}${save.error.message}.</span>
      ${conflict ? html`<button class="button small" type="button" data-testid="form-reload" @click=${this.#reload}>Discard my changes and reload</button>` : nothing}
    </div>`;
  }

  /** Offers the text of a page that was reloaded, has crashed or was closed. One that is open in another tab has its text there. */
  #offer({ kept, draft }: Row): TemplateResult | typeof nothing {
    if (!kept || draft || this.elsewhere) return nothing;
    const fields = FIELDS.filter((field) => field in kept.fields).map((field) => LABELS[field].toLowerCase());
    return html`<div class="notice info" role="status" data-testid="draft-offer">
      <span>Your unsaved changes of <time datetime=${kept.at.toISOString()}>${moment(kept.at)}</time> are kept: ${listed(fields)}.</span>
      <button class="button small" type="button" data-testid="draft-restore" @click=${() => this.site.orders.restore(this.order)}>Restore</button>
      <button class="button small" type="button" data-testid="draft-forget" @click=${() => this.site.orders.forget(this.order)}>Discard</button>
    </div>`;
  }

  /** A save by another user is shown as a flash message instead. */
  #ownSave({ outdated, draft }: Row): TemplateResult | typeof nothing {
    if (!outdated?.mine) return nothing;
    return html`<div class="notice quiet" role="status" data-testid="own-tab-note">
      <span>You saved this order in another tab.</span>
      <button class="link" type="button" data-testid="own-tab-reload" @click=${this.#reload}>${draft ? 'Discard my changes and reload' : 'Reload'}</button>
    </div>`;
  }

  #fields(draft: Draft): TemplateResult {
    return html`<div class="fields">
      ${this.#text('customer', draft, 'wide')} ${this.#text('item', draft, 'wide')}
      ${this.#number('quantity', draft, '1')} ${this.#number('price', draft, '0.01')}
      <div class="field field-status"><label for="field-status">${LABELS.status}</label>
        <select id="field-status" name="status" data-testid="field-status" .value=${draft.status}>
          ${[...new Set([...STATUSES, draft.status])].map((status) => html`<option value=${status} ?selected=${status === draft.status}>${status}</option>`)}
        </select></div>
      <div class="field wide"><label for="field-note">${LABELS.note}</label>
        <textarea id="field-note" name="note" rows="3" maxlength="1000" dir="auto" data-testid="field-note" .value=${draft.note}></textarea></div>
    </div>`;
  }

  #text(name: Field, draft: Draft, width: string): TemplateResult {
    return html`<div class="field ${width}"><label for="field-${name}">${LABELS[name]}</label>
      <input id="field-${name}" name=${name} data-testid="field-${name}" autocomplete="off" dir="auto" required maxlength="120" .value=${draft[name]} /></div>`;
  }

  #number(name: Field, draft: Draft, step: string): TemplateResult {
    return html`<div class="field"><label for="field-${name}">${name === 'price' ? 'Price in €' : LABELS[name]}</label>
      <input id="field-${name}" name=${name} data-testid="field-${name}" type="number" inputmode="decimal" required min=${name === 'quantity' ? '1' : '0'} step=${step} .value=${draft[name]} /></div>`;
  }

  readonly #input = (event: Event): void => {
    const field = event.target as HTMLInputElement;
    const row = this.#row;
    if (!row || !(field.name in LABELS)) return;
    this.site.orders.edit(this.order, { ...(row.draft ?? draftOf(row.order)), [field.name]: field.value });
  };

  readonly #save = (event: Event): void => {
    event.preventDefault();
    void this.site.orders.save(this.order);
  };

  readonly #discard = (): void => this.site.orders.edit(this.order, null);

  readonly #reload = (): void => void this.site.orders.reload(this.order);
}

customElements.define('demo-order-form', OrderForm);
