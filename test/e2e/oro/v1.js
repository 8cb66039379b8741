// A client of WAMP version 1, as small as the protocol: for pages that have not moved, and for the backend.
window.V1 = class {
  #socket;
  #callbacks = new Map();
  #answers = new Map();

  /** Connects with a ticket, and waits for WELCOME. */
  async connect(address, ticket) {
    this.#socket = new WebSocket(`${address}?ticket=${encodeURIComponent(ticket)}`, ['wamp']);
    await new Promise((resolve, reject) => {
      this.#socket.onclose = () => reject(new Error('the connection did not open'));
      this.#socket.onmessage = ({ data }) => {
        const [code, id, value] = JSON.parse(data);
        if (code === 0) resolve();
        else if (code === 8) for (const callback of this.#callbacks.get(id) ?? []) callback(value);
        else this.#answers.get(id)?.(value); // CALLRESULT, CALLERROR
      };
    });
  }

  subscribe(channel, callback) {
    const callbacks = this.#callbacks.get(channel) ?? [];
    this.#callbacks.set(channel, [...callbacks, callback]);
    if (callbacks.length === 0) this.#send(5, channel);
  }

  /** Publishes as Oro's backend does: both lists of sessions are empty. */
  publish(channel, payload) {
    this.#send(7, channel, payload, [], []);
  }

  /** Waits until the server has handled everything that was sent. */
  async settled() {
    const id = Math.random().toString(36);
    const answer = new Promise((resolve) => this.#answers.set(id, resolve));
    this.#send(2, id, 'tidings.ping');
    await answer;
  }

  #send(...message) {
    this.#socket.send(JSON.stringify(message));
  }
};
