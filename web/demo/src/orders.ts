import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { asOf } from './as-of';
import { avatar } from './avatar';
import { euros, moment } from './format';
import { personName } from './names';
import type { Row } from './order-store';
import type { Store } from './store';
import { View } from './view';
import './nudge';
import './order-form';

/** The list of orders and the form of one order: side by side, or one at a time on a phone. */
class OrdersScreen extends View {
  static override properties = { ...View.properties, order: { attribute: false } };

  declare order: number | null;

  protected stores(): readonly Store[] {
    return [this.site, this.site.orders];
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.site.orders.open(null);
  }

  protected override willUpdate(): void {
    this.site.orders.open(this.order);
  }

  protected override render(): TemplateResult {
    return html`<h1 class="visually-hidden">Orders</h1>
    <div class="orders ${this.order === null ? 'listing' : 'editing'}">
      <section class="card order-list ${this.site.asOf ? 'stale' : ''}" aria-labelledby="orders-title">
        <div class="card-head">
          <h2 id="orders-title">Orders</h2>
          ${asOf(this.site.asOf)} ${this.#refresh()}
        </div>
        ${this.#list()}
      </section>
      <div class="order-side">
        ${this.#detail()}
        <demo-nudge .site=${this.site}></demo-nudge>
      </div>
    </div>`;
  }

  #refresh(): TemplateResult {
    const { outdated } = this.site.orders;
    const text = outdated.length === 0 ? '' : outdated.length === 1 ? '1 order is outdated' : `${outdated.length} orders are outdated`;
    return html`<span class="outdated-count" role="status" data-testid="outdated-count">${text}</span>
      ${outdated.length > 0
        ? html`<button class="button small" data-testid="orders-refresh" @click=${() => this.site.orders.load()}>Refresh</button>`
        : nothing}`;
  }

  #list(): TemplateResult {
    const { orders } = this.site;
    if (orders.status === 'loading') return html`<p class="empty">Loading…</p>`;
    if (orders.status === 'failed') {
      return html`<p class="empty">The orders could not be read. <button class="button small" @click=${() => orders.load()}>Try again</button></p>`;
    }
    return html`
      <div class="row row-head" aria-hidden="true"><span>Order</span><span>Customer</span><span>Total</span><span>Status</span><span>Saved by</span></div>
      <ul class="rows">${repeat(orders.rows.values(), ({ order }) => order.id, (row) => this.#row(row))}</ul>`;
  }

  #row({ order, outdated, draft, save, kept }: Row): TemplateResult {
    const by = outdated?.author ? personName(outdated.author.name) : 'another user';
    const unsaved = save?.state === 'waiting' ? 'Not saved yet: the server does not answer'
      : draft ? 'Unsaved changes' : kept ? `Unsaved changes of ${moment(kept.at)}` : '';
    return html`<li class=${outdated ? 'outdated' : ''} data-testid="order-row" data-order=${order.id} data-outdated=${String(outdated !== null)}>
      <a class="row" href="#/orders/${order.id}" aria-current=${order.id === this.order ? 'true' : nothing}>
        <span class="row-id">${order.id}</span>
        <span class="row-name"><strong dir="auto">${order.customer}</strong><span class="muted">${order.quantity} × <bdi>${order.item}</bdi></span></span>
        <span class="row-total">${euros(order.quantity * order.price)}</span>
        <span class="row-status"><span class="status ${order.status}">${order.status}</span></span>
        <span class="row-by">${avatar({ id: order.updated_by, name: this.site.nameOf(order.updated_by) })}
          <span class="visually-hidden">Saved by ${personName(this.site.nameOf(order.updated_by))}</span></span>
        ${outdated ? html`<span class="row-mark" data-testid="order-outdated"><span>Outdated: saved by ${outdated.mine ? 'you in another tab' : by}</span></span>` : nothing}
        ${unsaved ? html`<span class="row-mark draft" data-testid="order-unsaved">${unsaved}</span>` : nothing}
      </a>
    </li>`;
  }

  #detail(): TemplateResult {
    const id = this.order;
    if (id !== null && this.site.orders.rows.has(id)) {
      return html`${repeat([id], (key) => key, () => html`<demo-order-form .site=${this.site} .order=${id}></demo-order-form>`)}`;
    }
    const partner = this.site.partner;
    return html`<section class="card hint" data-testid="order-hint">
      <h2>${id === null ? 'Choose an order' : `There is no order ${id}`}</h2>
      ${id === null ? nothing : html`<p><a href="#/orders">Back to the list</a></p>`}
      ${partner ? html`<p>Open <a href="?user=${partner.id}#/orders" target="_blank" rel="noopener" data-testid="open-partner">a second window
        as ${partner.name}</a>, choose the same order in both, and change something in one of them.</p>` : nothing}
      <ul class="hint-list">
        <li>Both windows show who else has the order open and who is editing it.</li>
        <li>A save in one window marks the order in the other as outdated.</li>
        <li>Stop the server and start it again: the page reconnects and looks for changes.</li>
      </ul>
    </section>`;
  }
}

customElements.define('demo-orders', OrdersScreen);
