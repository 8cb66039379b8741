// Connects a client with its own ways to reconnect, and says "joined" for each session:
//
//	node returns.mjs autobahn ws://127.0.0.1:8080/ws app
import WebSocket from "ws";
globalThis.WebSocket ??= WebSocket;
// autobahn listens for no error of a connection that never opened, and Node.js ends a process for it: browsers do not.
const { emit } = WebSocket.prototype;
WebSocket.prototype.emit = function (name, ...about) {
  return name === "error" && this.listenerCount("error") === 0 ? false : emit.call(this, name, ...about);
};
const [library, url, realm] = process.argv.slice(2);
const joined = () => process.stdout.write("joined\n");

const clients = {
  async autobahn() {
    const { default: autobahn } = await import("autobahn");
    const connection = new autobahn.Connection({ url, realm, max_retries: 100, initial_retry_delay: 0.2, max_retry_delay: 0.5 });
    connection.onopen = joined;
    connection.open();
  },
  async wampy() {
    const { Wampy } = await import("wampy");
    const client = new Wampy(url, { realm, ws: WebSocket, maxRetries: 100, reconnectInterval: 200, onReconnectSuccess: joined });
    await client.connect();
    joined();
  },
};

await clients[library]();
process.stdin.resume().on("end", () => process.exit(0));
