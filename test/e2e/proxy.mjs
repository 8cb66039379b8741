// A network between the pages and the server that a test can break.
import { connect, createServer } from 'node:net';

/** Forwards connections to an address. While it is silent, bytes vanish, and no connection is accepted or ended. */
export class Network {
  #pairs = new Set();
  #silent = false;
  #blocked = false;
  #answers = true;

  constructor(address) {
    const [host, port] = address.split(':');
    Object.assign(this, { host, port: Number(port) });
  }

  async start() {
    this.listener = createServer((page) => this.#carry(page));
    await new Promise((resolve) => this.listener.listen(0, '127.0.0.1', resolve));
    this.address = `127.0.0.1:${this.listener.address().port}`;
    return this;
  }

  /** Loses everything from now on. The connections stay open for both ends. */
  fall() {
    this.#silent = true;
  }

  /** Loses what the server sends over the connections of now. */
  loseAnswers() {
    this.#answers = false;
  }

  /** Ends connections that ask for a WebSocket, as some proxies do. */
  blockWebSockets() {
    this.#blocked = true;
  }

  /** Carries new connections again. Those that were open before stay dead. */
  rise() {
    this.#silent = false;
    this.#answers = true;
  }

  /** Ends all connections. */
  cut() {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
    this.#pairs.clear();
  }

  stop() {
    this.cut();
    this.listener.close();
  }

  #carry(page) {
    const pair = [page];
    this.#pairs.add(pair);
    page.on('error', () => undefined);
    if (this.#silent) return void page.resume();
    const server = connect(this.port, this.host);
    pair.push(server);
    server.on('error', () => undefined);
    let dead = false;
    for (const [from, to] of [[page, server], [server, page]]) {
      from.on('data', (bytes) => {
        if (this.#blocked && from === page && /^upgrade: websocket/im.test(bytes.toString('latin1'))) return page.destroy();
        return (dead ||= this.#silent || (!this.#answers && from === server)) || to.write(bytes);
      });
      from.on('close', () => (dead ||= this.#silent) || to.destroy());
    }
  }
}
