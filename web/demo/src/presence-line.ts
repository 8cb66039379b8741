import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { enterPresence, others, type Person, type Presence } from '@tidings/client';
import { asOf } from './as-of';
import { avatar } from './avatar';
import { people as named, personName } from './names';
import { tagOf } from './order-store';
import { differences } from './people';
import type { Store } from './store';
import { View } from './view';

const AVATARS = 4; // people shown as circles; the others are behind a button
const GATHERED = 1_000; // ms of changes that are read out together

/** The people who have an order open. The event `elsewhere` says whether another tab of this user edits it. */
class PresenceLine extends View {
  static override properties = {
    ...View.properties, order: { attribute: false }, editing: { attribute: false }, otherTab: { attribute: false },
    all: { state: true }, count: { state: true }, listed: { state: true }, said: { state: true },
  };

  declare order: number;
  declare editing: boolean; // this page has unsaved changes
  declare otherTab: boolean; // another tab of the browser has
  declare private all: readonly Person[] | null;
  declare private count: number;
  declare private listed: boolean;
  declare private said: string;

  #presence: Presence | null = null;
  #known: readonly Person[] | null = null; // what was read out, or was there first
  #elsewhere = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.all = null;
    this.count = 0;
    this.listed = false;
    this.said = '';
  }

  protected stores(): readonly Store[] {
    return [this.site];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#presence = enterPresence(this.site.connection, tagOf(this.order), this.editing ? 'edit' : 'view', {
      changed: ({ people, count }) => this.#show(people, count),
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
    this.#presence?.leave();
  }

  protected override updated(changes: PropertyValues<this>): void {
    if (changes.has('editing')) this.#presence?.setMode(this.editing ? 'edit' : 'view');
    const detail = this.#own === 'edits';
    if (detail !== this.#elsewhere) this.dispatchEvent(new CustomEvent('elsewhere', { detail }));
    this.#elsewhere = detail;
  }

  /** What other tabs of this user do. The server counts them as one person, who edits if one of the tabs does. */
  get #own(): 'none' | 'views' | 'edits' {
    const me = this.all?.find(({ id }) => id === this.site.user.id);
    if (!me || me.tabs < 2) return 'none';
    return this.otherTab || (me.mode === 'edit' && !this.editing) ? 'edits' : 'views';
  }

  #show(all: readonly Person[], count: number): void {
    const { id } = this.site.user;
    this.all = all;
    this.count = count - (all.length < count || all.some((person) => person.id === id) ? 1 : 0);
    this.#known ??= all;
    this.#timer ??= setTimeout(() => {
      this.said = differences(others(this.#known ?? [], id), others(this.all ?? [], id));
      this.#known = this.all;
      this.#timer = undefined;
    }, GATHERED);
  }

  protected override render(): TemplateResult {
    const there = others(this.all ?? [], this.site.user.id);
    const [editing, viewing] = (['edit', 'view'] as const).map((mode) => there.filter((person) => person.mode === mode));
    const shown = [...editing!, ...viewing!];
    const since = this.site.asOf;
    return html`<div class="presence ${editing!.length > 0 ? 'editing' : ''} ${since ? 'stale' : ''}" data-testid="presence" data-count=${this.count}>
      <div class="presence-line">
        <span class="avatars">${shown.slice(0, AVATARS).map((person) => this.#avatar(person))} ${this.#more(this.count - AVATARS)}</span>
        <span class="presence-text" data-testid="presence-text">${this.#sentence(editing!, viewing!)}</span>
        ${asOf(since)}
      </div>
      ${this.listed ? this.#list(shown) : nothing} ${this.#ownTabs()}
      <span class="visually-hidden" role="status" data-testid="presence-said">${this.said}</span>
    </div>`;
  }

  #avatar(person: Person): TemplateResult {
    return html`<span data-testid="presence-person" data-user=${person.id} data-mode=${person.mode} title=${does(person)}>${avatar(person)}</span>`;
  }

  #more(rest: number): TemplateResult | typeof nothing {
    if (rest < 1) return nothing;
    return html`<button class="more" type="button" data-testid="presence-more" aria-expanded=${this.listed} aria-controls="presence-list"
      aria-label="${rest} more, list all" @click=${() => (this.listed = !this.listed)}>+${rest}</button>`;
  }

  #sentence(editing: readonly Person[], viewing: readonly Person[]): TemplateResult | string {
    if (this.all === null) return '';
    const names = (list: readonly Person[]): string[] => list.map(({ name }) => name);
    const many = this.count - editing.length; // editors come first in a list that is not complete
    if (this.count <= 0) return 'Nobody else is here';
    return html`${editing.length > 0 ? html`${named(names(editing))} ${editing.length > 1 ? 'are' : 'is'} editing` : nothing}${
      editing.length > 0 && many > 0 ? ', ' : nothing}${many > 0 ? html`${named(names(viewing), many)} ${many > 1 ? 'are' : 'is'} viewing` : nothing}`;
  }

  #list(shown: readonly Person[]): TemplateResult {
    const rest = this.count - shown.length;
    return html`<ul class="presence-list" id="presence-list" data-testid="presence-list" tabindex="0" aria-label="People who have this order open">
      ${shown.map((person) => html`<li>${avatar(person)} ${personName(person.name)} <span class="muted">${person.mode === 'edit' ? 'editing' : 'viewing'}</span></li>`)}
      ${rest > 0 ? html`<li class="muted">and ${rest} more</li>` : nothing}
    </ul>`;
  }

  #ownTabs(): TemplateResult | typeof nothing {
    if (this.#own === 'none') return nothing;
    return html`<p class="presence-own ${this.#own === 'edits' ? 'editing' : ''}" data-testid="presence-own" role="status">You ${
      this.#own === 'edits' ? 'are editing this order' : 'have this order open'} in another tab.</p>`;
  }
}

function does({ name, mode }: Person): string {
  return `${name} is ${mode === 'edit' ? 'editing' : 'viewing'}`;
}

customElements.define('demo-presence', PresenceLine);
