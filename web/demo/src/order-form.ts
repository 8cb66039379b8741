import { html, nothing, type TemplateResult } from 'lit';
import { enterPresence, others, type Person, type Presence } from '@tidings/client';
import { Problem } from './api';
import { avatar } from './avatar';
import { listed, moment } from './format';
import * as icons from './icons';
import { type Draft, draftOf, type Field, LABELS, type Row, STATUSES, tagOf } from './order-store';
import type { Store } from './store';
import { View } from './view';

/** The form of one order, with the people who have it open and a mark if it is outdated. */
class OrderForm extends View {
  static override properties = {
    ...View.properties, order: { attribute: false }, people: { state: true }, problem: { state: true }, busy: { state: true }, saved: { state: true },
  };

  declare order: number;
  declare private people: readonly Person[];
  declare private problem: Problem | Error | null;
  declare private busy: boolean;
  declare private saved: boolean;

  #presence: Presence | null = null;
  #version = 0;

  constructor() {
    super();
    this.people = [];
    this.problem = null;
    this.busy = false;
    this.saved = false;
  }

  protected stores(): readonly Store[] {
    return [this.site.orders];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#presence = enterPresence(this.site.connection, tagOf(this.order), this.#row?.draft ? 'edit' : 'view', {
      changed: ({ people }) => (this.people = others(people, this.site.user.id)),
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#presence?.leave();
  }

  /** Removes the error of a save when the form shows another version. */
  protected override willUpdate(): void {
    const version = this.#row?.order.version ?? 0;
    if (version !== this.#version) this.problem = null;
    this.#version = version;
  }

  protected override updated(): void {
    this.#presence?.setMode(this.#row?.draft ? 'edit' : 'view');
  }

  get #row(): Row | undefined {
    return this.site.orders.rows.get(this.order);
  }

  protected override render(): TemplateResult | typeof nothing {
    const row = this.#row;
    if (!row) return nothing;
    const { order } = row;
    return html`<section class="card order-form" aria-labelledby="form-title" data-testid="order-form">
      <div class="card-head">
        <a class="icon-button back" href="#/orders" aria-label="Back to the list" data-testid="order-back">${icons.back}</a>
        <div class="form-title">
          <h2 id="form-title">Order ${order.id}</h2>
          <p class="muted" data-testid="order-version">Version ${order.version}, saved by ${this.site.nameOf(order.updated_by)}, ${moment(new Date(order.updated_at))}</p>
        </div>
        ${row.outdated && !row.outdated.mine ? html`<span class="tag warning" data-testid="form-outdated">Outdated</span>` : nothing}
      </div>
      ${this.#presenceLine()} ${this.#notice(row)}
      <form @submit=${this.#save} @input=${this.#input}>
        ${this.#fields(row.draft ?? draftOf(order))}
        <div class="form-foot">
          <button class="button primary" type="submit" data-testid="order-save" ?disabled=${!row.draft || this.busy}>${this.busy ? 'Saving…' : 'Save'}</button>
          <button class="button" type="button" data-testid="order-discard" ?disabled=${!row.draft || this.busy} @click=${this.#discard}>Discard</button>
          <span class="muted" role="status" data-testid="form-status">${row.draft ? 'Unsaved changes' : this.saved ? 'Saved' : ''}</span>
        </div>
      </form>
    </section>`;
  }

  #presenceLine(): TemplateResult {
    const { people } = this;
    const editing = people.filter(({ mode }) => mode === 'edit').map(({ name }) => name);
    const viewing = people.filter(({ mode }) => mode === 'view').map(({ name }) => name);
    const says = [
      editing.length > 0 ? `${listed(editing)} ${editing.length > 1 ? 'are' : 'is'} editing` : '',
      viewing.length > 0 ? `${listed(viewing)} ${viewing.length > 1 ? 'are' : 'is'} viewing` : '',
    ].filter(Boolean).join(', ');
    return html`<div class="presence ${editing.length > 0 ? 'editing' : ''}" data-testid="presence" data-count=${people.length}>
      <span class="avatars">${people.map((person) => html`<span data-testid="presence-person" data-user=${person.id} data-mode=${person.mode}
        title="${person.name} ${person.mode === 'edit' ? 'is editing' : 'is viewing'}">${avatar(person)}</span>`)}</span>
      <span role="status" data-testid="presence-text">${says || 'Nobody else is here'}</span>
    </div>`;
  }

  #notice({ outdated, draft }: Row): TemplateResult | typeof nothing {
    if (this.problem) {
      const conflict = this.problem instanceof Problem && this.problem.status === 409;
      return html`<div class="notice error" role="alert" data-testid="form-error">
        <span>${conflict ? 'Not saved: ' : 'That did not work: '}${this.problem.message}.</span>
        ${conflict ? html`<button class="button small" type="button" data-testid="form-reload" @click=${this.#reload}>Discard my changes and reload</button>` : nothing}
      </div>`;
    }
    if (!outdated?.mine) return nothing; // a save by another user is shown as a flash message
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
        <textarea id="field-note" name="note" rows="3" maxlength="1000" data-testid="field-note" .value=${draft.note}></textarea></div>
    </div>`;
  }

  #text(name: Field, draft: Draft, width: string): TemplateResult {
    return html`<div class="field ${width}"><label for="field-${name}">${LABELS[name]}</label>
      <input id="field-${name}" name=${name} data-testid="field-${name}" autocomplete="off" required maxlength="120" .value=${draft[name]} /></div>`;
  }

  #number(name: Field, draft: Draft, step: string): TemplateResult {
    return html`<div class="field"><label for="field-${name}">${name === 'price' ? 'Price in €' : LABELS[name]}</label>
      <input id="field-${name}" name=${name} data-testid="field-${name}" type="number" inputmode="decimal" required min=${name === 'quantity' ? '1' : '0'} step=${step} .value=${draft[name]} /></div>`;
  }

  readonly #input = (event: Event): void => {
    const field = event.target as HTMLInputElement;
    const row = this.#row;
    if (!row || !(field.name in LABELS)) return;
    this.saved = false;
    this.site.orders.edit(this.order, { ...(row.draft ?? draftOf(row.order)), [field.name]: field.value });
  };

  readonly #save = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (!this.#row?.draft || this.busy) return;
    await this.#attempt(() => this.site.orders.save(this.order));
    this.saved = this.problem === null;
  };

  readonly #discard = (): void => {
    this.problem = null;
    this.site.orders.edit(this.order, null);
  };

  readonly #reload = (): Promise<void> => this.#attempt(() => this.site.orders.reload(this.order));

  async #attempt(action: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.problem = null;
    try {
      await action();
    } catch (error) {
      this.problem = error instanceof Error ? error : new Error(String(error));
    } finally {
      this.busy = false;
    }
  }
}

customElements.define('demo-order-form', OrderForm);
