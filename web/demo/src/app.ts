import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import { users, type User } from './api';
import { type Route, routeFrom } from './route';
import { Site } from './site';
import './chat';
import './flashes';
import './header';
import './maintenance';
import './orders';
import './prices';

const KEY = 'demo.user';
const TITLES = { orders: 'Orders', prices: 'Prices', chat: 'Chat' } as const;

/** The page: its user, the screen on show, and the parts above every screen. */
class Demo extends LitElement {
  static override properties = { route: { state: true }, site: { state: true }, failed: { state: true } };

  declare private route: Route;
  declare private site: Site | null;
  declare private failed: boolean;

  #stop: (() => void) | null = null;

  constructor() {
    super();
    this.route = routeFrom(location.hash);
    this.site = null;
    this.failed = false;
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
    document.title = `${TITLES[route.screen]} · ${site.user.name} · Tidings demo`;
    const closed = site.maintenance?.on === true && !site.maintenance.exempt;
    return html`${keyed(site, html`
      <div class="app" ?inert=${closed} data-testid="app">
        <a class="skip" href="#main" @click=${this.#skip}>Skip to the content</a>
        <demo-header .site=${site} .route=${route} @choose-user=${this.#choose}></demo-header>
        <demo-operator-banner .site=${site}></demo-operator-banner>
        <main id="main" tabindex="-1">${this.#screen(site)}</main>
        <demo-flashes .site=${site}></demo-flashes>
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
    return html`<div class="opening" role="status">${this.failed
      ? html`<p>The demo's server does not answer.</p><button class="button" @click=${this.#begin}>Try again</button>`
      : nothing}</div>`;
  }

  readonly #begin = async (): Promise<void> => {
    this.failed = false;
    try {
      const known = await users();
      const wanted = new URLSearchParams(location.search).get('user') ?? remembered();
      const user = known.find(({ id }) => id === wanted) ?? known[0];
      if (user) this.#open(user, known);
    } catch {
      this.failed = true;
    }
  };

  #open(user: User, known: readonly User[]): void {
    this.#stop?.();
    this.site?.close();
    remember(user.id);
    const site = new Site(user, known);
    this.#stop = site.listen(() => this.requestUpdate());
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

  readonly #skip = (event: Event): void => {
    event.preventDefault(); // the hash selects the screen
    this.querySelector<HTMLElement>('#main')?.focus();
  };
}

customElements.define('tidings-demo', Demo);

function remembered(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/** Remembers the user in this tab only, so that two windows can be two users. */
function remember(id: string): void {
  try {
    sessionStorage.setItem(KEY, id);
  } catch {
    // storage is disabled; the address names the user
  }
}
