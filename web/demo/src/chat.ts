import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { asOf } from './as-of';
import { avatar } from './avatar';
import type { ChatMessage, Room } from './chat-store';
import { moment } from './format';
import * as icons from './icons';
import { people, personName } from './names';
import { read, write } from './storage';
import type { Store } from './store';
import { View } from './view';

const GROUP = 5 * 60_000; // ms within which the messages of one person share a heading

class ChatScreen extends View {
  static override properties = { ...View.properties, room: { attribute: false } };

  declare room: string;

  #atEnd = true;

  protected stores(): readonly Store[] {
    return [this.site, this.site.chat];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('visibilitychange', this.#look);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('visibilitychange', this.#look);
    this.site.chat.show(null);
  }

  protected override willUpdate(changes: PropertyValues<this>): void {
    this.#look();
    const log = this.querySelector('.messages');
    this.#atEnd = changes.has('room') || !log || log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  }

  protected override updated(changes: PropertyValues<this>): void {
    const input = this.querySelector<HTMLInputElement>('#chat-input');
    if (input && changes.has('room')) input.value = read('sessionStorage', this.#unsent) ?? '';
    const log = this.querySelector('.messages');
    if (log && this.#atEnd) log.scrollTop = log.scrollHeight;
  }

  /** What is typed is kept for each room, also over a reload of the tab. */
  get #unsent(): string {
    return `demo.unsent/${encodeURIComponent(this.site.user.id)}/${this.room}`;
  }

  protected override render(): TemplateResult {
    const room = this.site.chat.rooms.get(this.room);
    return html`<div class="chat">
      <nav class="card rooms" aria-label="Rooms"><h1>Rooms</h1><ul>${[...this.site.chat.rooms.values()].map((other) => this.#link(other))}</ul></nav>
      ${room ? this.#room(room) : nothing}
    </div>`;
  }

  #link({ id, name, unread }: Room): TemplateResult {
    return html`<li><a href="#/chat/${id}" data-testid="room-${id}" aria-current=${id === this.room ? 'page' : nothing}>
      <span class="hash" aria-hidden="true">#</span><span>${name}</span>
      ${unread > 0 ? html`<span class="count" data-testid="room-unread">${unread}<span class="visually-hidden"> unread</span></span>` : nothing}
    </a></li>`;
  }

  #room({ name, messages, typing }: Room): TemplateResult {
    return html`<section class="card conversation" aria-labelledby="room-title">
      <div class="card-head"><h2 id="room-title" data-testid="room-title">${name}</h2>${asOf(this.site.asOf)} <span class="muted">Messages stay for a day</span></div>
      <div class="messages ${this.site.asOf ? 'stale' : ''}" role="log" aria-labelledby="room-title" tabindex="0" data-testid="messages">
        ${messages.length === 0 ? html`<p class="empty">No messages yet.</p>` : nothing}
        <ol>${repeat(messages, ({ id }) => id, (message, at) => this.#message(message, messages[at - 1]))}</ol>
      </div>
      <p class="typing" role="status" data-testid="typing">${typing.length > 0
        ? html`<span class="typing-dots" aria-hidden="true"><i></i><i></i><i></i></span>${people(typing.map((user) => user.name))} ${typing.length > 1 ? 'are' : 'is'} typing…`
        : nothing}</p>
      <form class="composer" @submit=${this.#say}>
        <label class="visually-hidden" for="chat-input">Message to ${name}</label>
        <input id="chat-input" name="text" autocomplete="off" maxlength="2000" dir="auto" placeholder="Message ${name}" data-testid="chat-input" @input=${this.#type} />
        <button class="button primary" type="submit" data-testid="chat-send">${icons.send}<span>Send</span></button>
      </form>
    </section>`;
  }

  #message(message: ChatMessage, before: ChatMessage | undefined): TemplateResult {
    const { user, text, at, state, afterGap } = message;
    const mine = user.id === this.site.user.id;
    const follows = !afterGap && before?.user.id === user.id && at.getTime() - before.at.getTime() < GROUP;
    return html`<li class="message ${mine ? 'mine' : ''} ${follows ? 'follows' : ''}" data-testid="message" data-user=${user.id} data-state=${state}>
      ${afterGap ? html`<p class="missing">Messages before this one are missing. They are no longer kept.</p>` : nothing}
      ${follows ? nothing : html`<span class="message-head">${avatar(user)}<strong>${mine ? 'You' : personName(user.name)}</strong><time class="muted" datetime=${at.toISOString()}>${moment(at)}</time></span>`}
      <span class="bubble" data-testid="message-text" dir="auto">${text}</span> ${this.#delivery(message)}
    </li>`;
  }

  /** A message without an answer may have arrived. It is sent again when the connection is back, and published once. */
  #delivery(message: ChatMessage): TemplateResult | typeof nothing {
    const again = html`<button class="link" @click=${() => this.site.chat.again(this.room, message)}>Try again</button>`;
    switch (message.state) {
      case 'sent': return nothing;
      case 'sending': return html`<span class="muted delivery">${this.site.asOf ? 'Not confirmed yet, waiting for the connection' : 'Sending…'}</span>`;
      case 'unconfirmed': return html`<span class="delivery unconfirmed">Not confirmed. ${again}</span>`;
      case 'refused': return html`<span class="delivery failed">Not sent: ${message.why}. ${again}</span>`;
    }
  }

  readonly #say = (event: SubmitEvent): void => {
    event.preventDefault();
    const input = (event.target as HTMLFormElement).elements.namedItem('text') as HTMLInputElement;
    const text = input.value.trim();
    if (text === '') return;
    this.site.chat.say(this.room, text);
    input.value = '';
    write('sessionStorage', this.#unsent, null);
    this.#atEnd = true;
  };

  readonly #type = (event: Event): void => {
    const { value } = event.target as HTMLInputElement;
    write('sessionStorage', this.#unsent, value || null);
    if (value !== '') this.site.chat.type(this.room);
  };

  /** Nothing is read in a tab that is in the background. */
  readonly #look = (): void => this.site.chat.show(document.visibilityState === 'visible' ? this.room : null);
}

customElements.define('demo-chat', ChatScreen);
