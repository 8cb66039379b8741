import {
  connect, type Connection, type ConnectionState, type Maintenance, type ShareOptions, type Status, watchFlash, watchMaintenance,
} from '@tidings/client';
import { ticket, type User } from './api';
import { Attention } from './attention';
import { Chat } from './chat-store';
import { Drafts } from './drafts';
import { Flashes } from './flash-store';
import { askBeforeLeaving } from './leave';
import { Orders } from './order-store';
import { Store } from './store';

/** The connection of one user and the stores that use it. */
export class Site extends Store {
  readonly user: User;
  readonly users: readonly User[];
  readonly connection: Connection;
  readonly attention = new Attention();
  readonly flashes = new Flashes();
  readonly drafts: Drafts;
  readonly orders: Orders;
  readonly chat: Chat;
  state: ConnectionState;
  status: Status; // of what the page shows
  asOf: Date | null = null; // the time of what the page shows, while it may not be true any more
  maintenance: Maintenance | null = null;

  constructor(user: User, users: readonly User[]) {
    super();
    this.user = user;
    this.users = users;
    this.connection = connect({ url: new URL('../ws', document.baseURI), ticket: () => ticket(user.id), share: sharing(user) });
    this.state = this.connection.state;
    this.status = this.connection.status;
    this.drafts = new Drafts(user.id);
    this.orders = new Orders(this);
    this.chat = new Chat(this);
    this.connection.onState((state) => {
      this.state = state;
      this.#reportRefusal(state);
      this.changed();
    });
    this.connection.onStatus((status) => this.#setStatus(status));
    watchMaintenance(this.connection, (maintenance) => this.#setMaintenance(maintenance));
    watchFlash(this.connection, ({ level, title, text, href }) => this.flashes.add({ level, title, text, href }));
    // A hidden tab shows no flash message until the user looks at it, but says that there is one.
    this.connection.subscribe(`user.${user.id}.flash`, () => this.happened());
    for (const store of [this.orders, this.chat]) store.listen(() => askBeforeLeaving(this.orders.unsaved || this.chat.unsent));
  }

  /** Another user of the demo, for a second window. */
  get partner(): User | undefined {
    return this.users.find(({ id }) => id !== this.user.id);
  }

  nameOf(id: string): string {
    return this.users.find((user) => user.id === id)?.name ?? id;
  }

  /** Tells a tab in the background that something happened. */
  happened(): void {
    this.attention.happened();
  }

  close(): void {
    askBeforeLeaving(false);
    this.attention.close();
    this.orders.close();
    this.connection.close();
  }

  /** What is shown stays marked from the loss of the connection until everything that was missed has come. */
  #setStatus(status: Status): void {
    this.status = status;
    if (status.state === 'stale' || status.state === 'access lost') this.asOf = status.since;
    else if (status.state !== 'catching up') this.asOf = null;
    this.changed();
  }

  #reportRefusal(state: ConnectionState): void {
    if (state.name === 'open') this.flashes.dismiss('refused');
    if (state.name !== 'refused') return;
    const action = { label: 'Try again', run: () => this.connection.retry() };
    this.flashes.add({ key: 'refused', level: 'error', title: 'You are not connected', text: state.message, action });
  }

  #setMaintenance(maintenance: Maintenance): void {
    const over = this.maintenance?.on === true && !maintenance.on;
    if (over || (maintenance.on && !maintenance.exempt)) this.happened();
    this.maintenance = maintenance;
    if (over) this.flashes.add({ level: 'success', title: 'Maintenance is over', text: 'You can continue your work.' });
    this.changed();
  }
}

/**
 * The tabs of a user share a connection. The address of the page can say how, to show it: `share=tab` without a
 * SharedWorker, `share=off` not at all.
 */
function sharing({ id }: User): false | ShareOptions {
  const how = new URLSearchParams(location.search).get('share');
  if (how === 'off') return false;
  return { name: id, worker: how === 'tab' ? false : new URL('../client/tidings-worker.js', document.baseURI) };
}
