import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { avatar } from './avatar';
import type { ChatMessage, Room } from './chat-store';
import { listed, time } from './format';
import * as icons from './icons';
import type { Store } from './store';
import { View } from './view';

const GROUP = 5 * 60_000; // ms within which the messages of one person share a heading

class ChatScreen extends View {
  static override properties = { ...View.properties, room: { attribute: false } };

  declare room: string;

  #atEnd = true;

  protected stores(): readonly Store[] {
    return [this.site.chat];
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.site.chat.show(null);
  }

  protected override willUpdate(changes: PropertyValues<this>): void {
    this.site.chat.show(this.room);
    const log = this.querySelector('.messages');
    this.#atEnd = changes.has('room') || !log || log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  }

  protected override updated(): void {
    const log = this.querySelector('.messages');
    if (log && this.#atEnd) log.scrollTop = log.scrollHeight;
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
      <div class="card-head"><h2 id="room-title" data-testid="room-title">${name}</h2><span class="muted">Messages stay for a day</span></div>
      <div class="messages" role="log" aria-labelledby="room-title" tabindex="0" data-testid="messages">
        ${messages.length === 0 ? html`<p class="empty">No messages yet.</p>` : nothing}
        <ol>${repeat(messages, ({ id }) => id, (message, at) => this.#message(message, messages[at - 1]))}</ol>
      </div>
      <p class="typing" role="status" data-testid="typing">${typing.length > 0
        ? html`<span class="typing-dots" aria-hidden="true"><i></i><i></i><i></i></span>${listed(typing.map((user) => user.name))} ${typing.length > 1 ? 'are' : 'is'} typing…`
        : nothing}</p>
      <form class="composer" @submit=${this.#say}>
        <label class="visually-hidden" for="chat-input">Message to ${name}</label>
        <input id="chat-input" name="text" autocomplete="off" maxlength="2000" placeholder="Message ${name}" data-testid="chat-input" @input=${this.#type} />
        <button class="button primary" type="submit" data-testid="chat-send">${icons.send}<span>Send</span></button>
      </form>
    </section>`;
  }

  #message(message: ChatMessage, before: ChatMessage | undefined): TemplateResult {
    const { user, text, at, state } = message;
    const mine = user.id === this.site.user.id;
    const follows = before?.user.id === user.id && at.getTime() - before.at.getTime() < GROUP;
    return html`<li class="message ${mine ? 'mine' : ''} ${follows ? 'follows' : ''}" data-testid="message" data-user=${user.id} data-state=${state}>
      ${follows ? nothing : html`<span class="message-head">${avatar(user)}<strong>${mine ? 'You' : user.name}</strong><time class="muted" datetime=${at.toISOString()}>${time(at)}</time></span>`}
      <span class="bubble" data-testid="message-text">${text}</span>
      ${state === 'sending' ? html`<span class="muted delivery">Sending…</span>` : nothing}
      ${state === 'failed' ? html`<span class="delivery failed">Not sent. <button class="link" @click=${() => this.site.chat.again(this.room, message)}>Try again</button></span>` : nothing}
    </li>`;
  }

  readonly #say = (event: SubmitEvent): void => {
    event.preventDefault();
    const input = (event.target as HTMLFormElement).elements.namedItem('text') as HTMLInputElement;
    const text = input.value.trim();
    if (text === '') return;
    this.site.chat.say(this.room, text);
    input.value = '';
    this.#atEnd = true;
  };

  readonly #type = (event: Event): void => {
    if ((event.target as HTMLInputElement).value !== '') this.site.chat.type(this.room);
  };
}

customElements.define('demo-chat', ChatScreen);
