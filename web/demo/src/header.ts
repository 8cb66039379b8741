import { html, nothing, type TemplateResult } from 'lit';
import type { ConnectionState, Status } from '@tidings/client';
import { avatar } from './avatar';
import { moment } from './format';
import * as icons from './icons';
import type { Route } from './route';
import type { Store } from './store';
import { setTheme, theme } from './theme';
import { View } from './view';

const SCREENS = [
  { id: 'orders', name: 'Orders', icon: icons.orders },
  { id: 'prices', name: 'Prices', icon: icons.prices },
  { id: 'chat', name: 'Chat', icon: icons.chat },
] as const;

class Header extends View {
  static override properties = { ...View.properties, route: { attribute: false } };

  declare route: Route;

  #tick: ReturnType<typeof setInterval> | undefined;

  protected stores(): readonly Store[] {
    return [this.site, this.site.chat, this.site.flashes];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#tick = setInterval(() => this.site.state.name === 'waiting' && this.requestUpdate(), 1000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#tick);
  }

  protected override render(): TemplateResult {
    return html`<header class="header">
      <a class="brand" href="#/orders">
        ${icons.logo} <span class="brand-name">Tidings</span> <span class="brand-tag">Demo</span>
      </a>
      <nav class="nav" aria-label="Screens">${SCREENS.map((screen) => this.#link(screen))}</nav>
      <div class="header-tools">
        ${this.#pill(this.site.state, this.site.status)}
        ${this.#bell()}
        <button class="icon-button" data-testid="theme-toggle" aria-label="Switch to the ${theme() === 'dark' ? 'light' : 'dark'} theme"
          @click=${this.#toggleTheme}>${theme() === 'dark' ? icons.sun : icons.moon}</button>
        <label class="user-switch">
          <span class="visually-hidden">Signed in as</span>
          ${avatar(this.site.user)}
          <select data-testid="user-switch" @change=${this.#choose}>
            ${this.site.users.map(({ id, name }) => html`<option value=${id} ?selected=${id === this.site.user.id}>${name}</option>`)}
          </select>
        </label>
      </div>
    </header>`;
  }

  #link({ id, name, icon }: (typeof SCREENS)[number]): TemplateResult {
    const unread = id === 'chat' ? this.site.chat.unread : 0;
    const badge = unread > 0
      ? html`<span class="count" data-testid="chat-unread">${unread}<span class="visually-hidden"> unread</span></span>`
      : nothing;
    const current = this.route.screen === id ? 'page' : nothing;
    return html`<a href="#/${id}" data-testid="nav-${id}" aria-current=${current}>${icon}<span>${name}</span>${badge}</a>`;
  }

  #bell(): TemplateResult {
    const { flashes } = this.site;
    const open = flashes.open.length;
    return html`<button class="icon-button bell" data-testid="flash-bell" aria-haspopup="dialog" aria-label=${open > 0 ? `Notifications, ${open} open` : 'Notifications'}
      @click=${() => flashes.list(true)}>${icons.bell}${open > 0 ? html`<span class="count" aria-hidden="true">${open}</span>` : nothing}</button>`;
  }

  #pill(state: ConnectionState, status: Status): TemplateResult {
    const again = state.name === 'waiting' || state.name === 'refused'
      ? html`<button class="pill-action" data-testid="connection-retry" @click=${() => this.site.connection.retry()}>Retry</button>`
      : nothing;
    return html`<div class="pill ${state.name}" data-testid="connection" data-state=${state.name} data-freshness=${status.state}
      title=${state.name === 'refused' ? state.message : nothing}>
      <span class="dot" aria-hidden="true"></span>
      <span class="visually-hidden" role="status">${spoken(state, status)}</span>
      <span class="pill-text" aria-hidden="true">${shown(state, status)}</span>${again}
    </div>`;
  }

  readonly #toggleTheme = (): void => {
    setTheme(theme() === 'dark' ? 'light' : 'dark');
    this.requestUpdate();
    window.dispatchEvent(new Event('demo-theme'));
  };

  readonly #choose = (event: Event): void => {
    const detail = (event.target as HTMLSelectElement).value;
    this.dispatchEvent(new CustomEvent('choose-user', { detail }));
  };
}

customElements.define('demo-header', Header);

/** Returns the text for screen readers, without the seconds: it is read out when it changes. */
function spoken(state: ConnectionState, status: Status): string {
  switch (state.name) {
    case 'connecting': return 'Connecting';
    case 'authenticating': return 'Signing in';
    case 'open': return status.state === 'live' ? 'Connected' : status.state === 'catching up' ? 'Catching up' : 'Connected, not everything is here';
    case 'waiting': return `Connection lost, stale since ${moment(status.since)}, trying again`;
    case 'refused': return `Connection refused: ${state.message}`;
    case 'closed': return 'Disconnected';
  }
}

function shown(state: ConnectionState, status: Status): string {
  if (state.name === 'refused') return 'Refused';
  if (state.name !== 'waiting') return spoken(state, status);
  const seconds = Math.max(0, Math.ceil((state.retryAt.getTime() - Date.now()) / 1000));
  const since = `Stale since ${moment(status.since)}`;
  return seconds > 0 ? `${since} · ${seconds} s` : since;
}
