import { type Change, type Connection, type ContentWatch, watchContent } from '@tidings/client';
import * as api from './api';
import type { Drafts, Kept } from './drafts';
import type { Flashes } from './flash-store';
import { isolated, listed } from './format';
import { changesOf, differing, type Draft, draftFrom, fieldsOf, type Field, LABELS } from './order-draft';
import { Store } from './store';

/** The last save of an order. One that waits is sent again when the server answers. */
export interface Save {
  readonly state: 'running' | 'waiting' | 'done' | 'failed';
  readonly draft: Draft | null; // as it was when the user saved; the form may have gone on. null: reading failed, not saving
  readonly error: Error | null;
}

export interface Row {
  readonly order: api.Order;
  readonly outdated: Change | null; // the save that made this page's copy outdated
  readonly draft: Draft | null; // unsaved changes; they are kept while another order is open
  readonly save: Save | null;
  readonly kept: Kept | null; // unsaved changes of another page, which the form offers
  readonly otherTab: boolean; // a tab of this user has unsaved changes, too
}

/** The part of the page that Orders uses. */
export interface Page {
  readonly connection: Connection;
  readonly user: api.User;
  readonly flashes: Flashes;
  readonly drafts: Drafts;
  nameOf(user: string): string;
  /** Tells a tab in the background that something happened. */
  happened(): void;
}

const AGAIN = 5_000; // ms between two tries of a save

/** The orders that this page has read, with their unsaved changes and outdated marks. */
export class Orders extends Store {
  rows: ReadonlyMap<number, Row> = new Map();
  status: 'loading' | 'ready' | 'failed' = 'loading';
  readonly #page: Page;
  readonly #watch: ContentWatch;
  readonly #stops: readonly (() => void)[];
  #open: number | null = null; // the order in the form

  constructor(page: Page) {
    super();
    this.#page = page;
    this.#watch = watchContent(page.connection, [], {
      changed: (change) => this.#outdate(change),
      ready: () => void this.#compare(),
    });
    const again = setInterval(() => this.#saveAgain(), AGAIN);
    this.#stops = [
      () => this.#watch.stop(), () => clearInterval(again),
      page.connection.onState(({ name }) => name === 'open' && this.#connected()),
      page.drafts.onOtherTab((record, unsaved) => this.#change(idOf(record), ({ order }) => ({ kept: this.#kept(order.id), otherTab: unsaved }))),
    ];
    void this.load();
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  get outdated(): readonly Row[] {
    return [...this.rows.values()].filter((row) => row.outdated !== null);
  }

  get unsaved(): boolean {
    return [...this.rows.values()].some((row) => row.draft !== null);
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
    try {
      this.#put(await api.order(id), () => ({ draft: null, save: null }));
    } catch (error) {
      this.#change(id, () => ({ save: { state: 'failed', draft: null, error: errorFrom(error) } }));
    }
  }

  /** Sets the unsaved changes, or discards them. */
  edit(id: number, fields: Draft | null): void {
    this.#change(id, ({ order, save }) => ({
      draft: fields && draftFrom(order, fields),
      save: fields && isUnderWay(save) ? save : null, // what the user has saved is sent as it was
    }));
  }

  /** Puts the changes that another page has kept on top of the order. */
  restore(id: number): void {
    const row = this.rows.get(id);
    if (!row?.kept) return;
    this.edit(id, draftFrom(row.order, row.kept.fields));
    this.forget(id);
  }

  /** Drops the changes that another page has kept. */
  forget(id: number): void {
    const kept = this.rows.get(id)?.kept;
    if (!kept) return;
    this.#page.drafts.drop(kept);
    this.#change(id, () => ({ kept: this.#kept(id) }));
  }

  /** Saves the unsaved changes. If the server does not answer, they are sent again until it does. */
  async save(id: number): Promise<void> {
    const row = this.rows.get(id);
    if (row?.draft && row.save?.state !== 'running') await this.#send(row.order, row.draft);
  }

  async #send({ id, version }: api.Order, draft: Draft): Promise<void> {
    this.#change(id, () => ({ save: { state: 'running', draft, error: null } }));
    try {
      const tab = await this.#page.connection.tab;
      const order = await api.saveOrder(id, { ...fieldsOf(draft), version }, { user: this.#page.user.id, tab });
      this.#put(order, (row) => ({ draft: row.draft && draftFrom(order, row.draft), save: { state: 'done', draft, error: null } }));
    } catch (error) {
      const state = error instanceof api.Unreachable ? 'waiting' : 'failed';
      this.#change(id, () => ({ save: { state, draft, error: errorFrom(error) } }));
    }
  }

  #saveAgain(): void {
    for (const { order, save } of this.rows.values()) if (save?.state === 'waiting' && save.draft) void this.#send(order, save.draft);
  }

  #connected(): void {
    this.#saveAgain();
    if (this.status === 'failed') void this.load();
  }

  /** Returns the row of an order that was read. A draft keeps its version: a save fails if a newer one exists. */
  #refreshed(order: api.Order): Row {
    const row = this.rows.get(order.id);
    if (row?.draft && row.order.version !== order.version) return row;
    this.#page.flashes.dismiss(flashKey(order.id));
    return { draft: null, save: null, kept: this.#kept(order.id), otherTab: false, ...row, order, outdated: null };
  }

  /** Sets an order that was read or saved. */
  #put(order: api.Order, change: (row: Row) => Partial<Row>): void {
    this.#page.flashes.dismiss(flashKey(order.id));
    this.#change(order.id, (row) => ({ ...change(row), order, outdated: null }));
  }

  /** Changes a row, and keeps its unsaved changes for a page that comes after this one. */
  #change(id: number, change: (row: Row) => Partial<Row>): void {
    const row = this.rows.get(id);
    if (!row) return;
    const next = { ...row, ...change(row) };
    this.rows = new Map(this.rows).set(id, next);
    if (next.draft !== row.draft) this.#page.drafts.keep(tagOf(id), changesOf(next.order, next.draft) as Record<string, string>);
    this.changed();
  }

  #kept(id: number): Kept | null {
    return this.#page.drafts.newest(tagOf(id));
  }

  #outdate(change: Change): void {
    for (const tag of change.tags) {
      const row = this.rows.get(idOf(tag));
      // The event of a save can arrive after the page has read the saved version.
      if (row && (change.version === null || Number(change.version) > row.order.version)) this.#mark(row, change);
    }
  }

  #mark(row: Row, change: Change): void {
    const { id } = row.order;
    this.#change(id, () => ({ outdated: change }));
    if (!change.mine) this.#page.happened();
    if (id === this.#open && !change.mine) this.#flash(id, change);
  }

  /** Shows a message: another user has saved the order in the form. */
  #flash(id: number, change: Change): void {
    const fields = change.fields.map((field) => (LABELS[field as Field] ?? field).toLowerCase());
    const changed = fields.length > 0 ? `: ${listed(fields)} changed` : '';
    const warning = this.rows.get(id)?.draft ? ' Reloading discards your unsaved changes.' : '';
    this.#page.flashes.add({
      key: flashKey(id),
      level: 'warning',
      title: `${isolated(change.author?.name ?? 'Another user')} saved order ${id}`,
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

const isUnderWay = (save: Save | null): boolean => save?.state === 'running' || save?.state === 'waiting';
const errorFrom = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
const idOf = (tag: string): number => Number(tag.slice(tag.lastIndexOf('.') + 1));
export const tagOf = (id: number): string => `order.${id}`;
const flashKey = (id: number): string => `order-${id}`;
