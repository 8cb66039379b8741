import { type Change, type Connection, type ContentWatch, watchContent } from '@tidings/client';
import * as api from './api';
import type { Flashes } from './flash-store';
import { listed } from './format';
import { Store } from './store';

export type Field = keyof api.OrderFields;

export const LABELS: Readonly<Record<Field, string>> = {
  customer: 'Customer', item: 'Item', quantity: 'Quantity', price: 'Price', status: 'Status', note: 'Note',
};
export const STATUSES = ['new', 'confirmed', 'packed', 'shipped', 'cancelled'] as const;

/** The fields of the form, as text. */
export type Draft = Readonly<Record<Field, string>>;

export interface Row {
  readonly order: api.Order;
  readonly outdated: Change | null; // the save that made this page's copy outdated
  readonly draft: Draft | null; // unsaved changes; they are kept while another order is open
}

/** The part of the page that Orders uses. */
export interface Page {
  readonly connection: Connection;
  readonly user: api.User;
  readonly flashes: Flashes;
  nameOf(user: string): string;
}

/** The orders that this page has read, with their unsaved changes and outdated marks. */
export class Orders extends Store {
  rows: ReadonlyMap<number, Row> = new Map();
  status: 'loading' | 'ready' | 'failed' = 'loading';
  readonly #page: Page;
  readonly #watch: ContentWatch;
  #open: number | null = null; // the order in the form

  constructor(page: Page) {
    super();
    this.#page = page;
    this.#watch = watchContent(page.connection, [], {
      changed: (change) => this.#outdate(change),
      ready: () => void this.#compare(),
    });
    void this.load();
  }

  close(): void {
    this.#watch.stop();
  }

  /** Sets the order in the form. The flash message about the order before is dismissed; its mark in the list stays. */
  open(id: number | null): void {
    if (this.#open === id) return;
    if (this.#open !== null) this.#page.flashes.dismiss(flashKey(this.#open));
    this.#open = id;
    const outdated = id === null ? null : this.rows.get(id)?.outdated;
    if (id !== null && outdated && !outdated.mine) this.#flash(id, outdated);
  }

  async load(): Promise<void> {
    try {
      const orders = await api.orders();
      this.rows = new Map(orders.map((order) => [order.id, this.#refreshed(order)]));
      this.status = 'ready';
      this.#watch.set(orders.map(({ id }) => tagOf(id)));
    } catch {
      if (this.rows.size === 0) this.status = 'failed';
    }
    this.changed();
  }

  /** Reads one order again and discards its unsaved changes. */
  async reload(id: number): Promise<void> {
    const order = await api.order(id);
    this.#put({ order, outdated: null, draft: null });
  }

  edit(id: number, draft: Draft | null): void {
    const row = this.rows.get(id);
    if (!row) return;
    const clean = draft === null || Object.entries(draftOf(row.order)).every(([field, text]) => draft[field as Field] === text);
    this.rows = new Map(this.rows).set(id, { ...row, draft: clean ? null : draft });
    this.changed();
  }

  async save(id: number): Promise<void> {
    const row = this.rows.get(id);
    if (!row?.draft) return;
    const { quantity, price, ...texts } = row.draft;
    const body = { ...texts, quantity: Number(quantity), price: Number(price), version: row.order.version };
    const tab = await this.#page.connection.tab;
    const order = await api.saveOrder(id, body, { user: this.#page.user.id, tab });
    this.#put({ order, outdated: null, draft: null });
  }

  get outdated(): readonly Row[] {
    return [...this.rows.values()].filter((row) => row.outdated !== null);
  }

  /** Returns the row of an order that was read. A draft keeps its version: a save fails if a newer one exists. */
  #refreshed(order: api.Order): Row {
    const row = this.rows.get(order.id);
    if (row?.draft && row.order.version !== order.version) return row;
    this.#page.flashes.dismiss(flashKey(order.id));
    return { order, outdated: null, draft: row?.draft ?? null };
  }

  #put(row: Row): void {
    this.rows = new Map(this.rows).set(row.order.id, row);
    this.#page.flashes.dismiss(flashKey(row.order.id));
    this.changed();
  }

  #outdate(change: Change): void {
    for (const tag of change.tags) {
      const id = Number(tag.slice(tag.lastIndexOf('.') + 1));
      const row = this.rows.get(id);
      // The event of a save can arrive after the page has read the saved version.
      if (row && (change.version === null || Number(change.version) > row.order.version)) this.#mark(row, change);
    }
  }

  #mark(row: Row, change: Change): void {
    const { id } = row.order;
    this.rows = new Map(this.rows).set(id, { ...row, outdated: change });
    if (id === this.#open && !change.mine) this.#flash(id, change);
    this.changed();
  }

  /** Shows a message: another user has saved the order in the form. */
  #flash(id: number, change: Change): void {
    const fields = change.fields.map((field) => (LABELS[field as Field] ?? field).toLowerCase());
    const changed = fields.length > 0 ? `: ${listed(fields)} changed` : '';
    const warning = this.rows.get(id)?.draft ? ' Reloading discards your unsaved changes.' : '';
    this.#page.flashes.add({
      key: flashKey(id),
      level: 'warning',
      title: `${change.author?.name ?? 'Another user'} saved order ${id}`,
      text: `This form is outdated${changed}.${warning}`,
      action: { label: 'Reload', run: () => void this.reload(id) },
    });
  }

  /** Finds changes that were not reported, because the page did not watch yet or was offline, by their versions. */
  async #compare(): Promise<void> {
    const before = this.rows;
    const now = await api.orders().catch(() => []);
    for (const order of now) {
      const row = this.rows.get(order.id);
      if (!row || row.order !== before.get(order.id)?.order) continue; // read or saved during the request
      if (row.order.version === order.version || row.outdated?.version === String(order.version)) continue;
      const author = { id: order.updated_by, name: this.#page.nameOf(order.updated_by) };
      this.#mark(row, {
        id: `${order.id}-${order.version}`, tags: [tagOf(order.id)], author, mine: author.id === this.#page.user.id,
        version: String(order.version), fields: differing(row.order, order), at: new Date(order.updated_at), count: 1,
      });
    }
  }
}

export function draftOf(order: api.Order): Draft {
  const { customer, item, quantity, price, status, note } = order;
  return { customer, item, quantity: String(quantity), price: String(price), status, note };
}

function differing(before: api.Order, after: api.Order): readonly Field[] {
  return (Object.keys(LABELS) as Field[]).filter((field) => before[field] !== after[field]);
}

export const tagOf = (id: number): string => `order.${id}`;
const flashKey = (id: number): string => `order-${id}`;
