import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import { users, type User } from './api';
import { isolated } from './format';
import { type Route, routeFrom } from './route';
import { Site } from './site';
import { read, write } from './storage';
import './chat';
import './flash-list';
import './flashes';
import './header';
import './maintenance';
import './orders';
import './prices';

const KEY = 'demo.user';
const TITLES = { orders: 'Orders', prices: 'Prices', chat: 'Chat' } as const;

/** The page: its user, the screen on show, and the parts above every screen. */
class Demo extends LitElement {
  static override properties = { route: { state: true }, site: { state: true }, failed: { state: true }, unknown: { state: true } };

  declare private route: Route;
  declare private site: Site | null;
  declare private failed: boolean;
  declare private unknown: { readonly id: string; readonly known: readonly User[] } | null; // the address names no user

  #stops: readonly (() => void)[] = [];

  constructor() {
    super();
    this.route = routeFrom(location.hash);
    this.site = null;
    this.failed = false;
    this.unknown = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener('hashchange', this.#navigate);
    void this.#begin();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener('hashchange', this.#navigate);
    this.site?.close();
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override render(): TemplateResult {
    const { site, route } = this;
    if (!site) return this.#opening();
    site.attention.title = `${TITLES[route.screen]} · ${isolated(site.user.name)} · Tidings demo`;
    const closed = site.maintenance?.on === true && !site.maintenance.exempt;
    return html`${keyed(site, html`
      <div class="app on-${route.screen}" ?inert=${closed} data-testid="app">
        ${this.#skip('main', 'Skip to the content')}
        ${route.screen === 'orders' && route.order !== null && site.orders.rows.has(route.order) ? this.#skip('form', `Skip to the form of order ${route.order}`) : nothing}
        ${route.screen === 'chat' ? this.#skip('chat-input', 'Skip to the message') : nothing}
        <demo-header .site=${site} .route=${route} @choose-user=${this.#choose}></demo-header>
        <demo-operator-banner .site=${site}></demo-operator-banner>
        <main id="main" tabindex="-1">${this.#screen(site)}</main>
        <demo-flashes .site=${site}></demo-flashes>
        <demo-flash-list .site=${site}></demo-flash-list>
      </div>
      <demo-maintenance .site=${site}></demo-maintenance>
    `)}`;
  }

  #screen(site: Site): TemplateResult {
    switch (this.route.screen) {
      case 'orders': return html`<demo-orders .site=${site} .order=${this.route.order}></demo-orders>`;
      case 'prices': return html`<demo-prices .site=${site}></demo-prices>`;
      case 'chat': return html`<demo-chat .site=${site} .room=${this.route.room}></demo-chat>`;
    }
  }

  #opening(): TemplateResult {
    if (this.unknown) return this.#choice(this.unknown);
    return html`<div class="opening" role="status">${this.failed
      ? html`<p>The demo's server does not answer.</p><button class="button" @click=${this.#begin}>Try again</button>`
      : nothing}</div>`;
  }

  /** The page of an address that names a user who does not exist. */
  #choice({ id, known }: { id: string; known: readonly User[] }): TemplateResult {
    document.title = 'Unknown user · Tidings demo';
    return html`<main class="opening" data-testid="unknown-user">
      <h1>There is no user <bdi class="name">${id}</bdi></h1>
      <p>The address names a user that this demo does not have. Choose one of these:</p>
      <ul class="choice">${known.map((user) => html`<li><a class="button" href="?user=${encodeURIComponent(user.id)}${location.hash}">${user.name}</a></li>`)}</ul>
    </main>`;
  }

  readonly #begin = async (): Promise<void> => {
    this.failed = false;
    try {
      const known = await users();
      const named = new URLSearchParams(location.search).get('user');
      const user = known.find(({ id }) => id === (named ?? read('sessionStorage', KEY)));
      if (named !== null && !user) this.unknown = { id: named, known };
      else this.#open(user ?? known[0]!, known);
    } catch {
      this.failed = true;
    }
  };

  #open(user: User, known: readonly User[]): void {
    for (const stop of this.#stops) stop();
    this.site?.close();
    write('sessionStorage', KEY, user.id); // of this tab only, so that two windows can be two users
    const site = new Site(user, known);
    this.#stops = [site, site.orders].map((store) => store.listen(() => this.requestUpdate()));
    this.site = site;
  }

  readonly #choose = (event: CustomEvent<string>): void => {
    const user = this.site?.users.find(({ id }) => id === event.detail);
    if (!user || !this.site) return;
    // A reload takes the user from the address, so the address must name the chosen one.
    const address = new URL(location.href);
    address.searchParams.set('user', user.id);
    history.replaceState(null, '', address);
    this.#open(user, this.site.users);
  };

  readonly #navigate = (): void => {
    const before = this.route.screen;
    this.route = routeFrom(location.hash);
    if (this.route.screen !== before) window.scrollTo(0, 0);
  };

  #skip(target: string, text: string): TemplateResult {
    return html`<a class="skip" href="#${target}" @click=${(event: Event) => {
      event.preventDefault(); // the hash selects the screen
      this.querySelector<HTMLElement>(`#${target}`)?.focus();
    }}>${text}</a>`;
  }
}

customElements.define('tidings-demo', Demo);
