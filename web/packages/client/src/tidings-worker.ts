/** The SharedWorker that holds the hub, one for each server and version of the SDK. */
import { Hub } from './share/hub.js';
import { whenReleased } from './share/locks.js';
import type { FromTab, Port } from './share/messages.js';

/** A tab's first message: whom the hub connects to, and the lock that the tab holds as long as it lives. */
export interface Introduction {
  readonly address: string;
  readonly alive: string;
}

let hub: Hub | undefined;

function serve(connection: MessagePort): void {
  const port: Port = { post: (message) => connection.postMessage(message) };
  connection.onmessage = ({ data: { address, alive } }: MessageEvent<Introduction>) => {
    const shared = (hub ??= new Hub(address));
    connection.onmessage = ({ data }: MessageEvent<FromTab>) => shared.receive(port, data);
    whenReleased(alive, () => {
      shared.gone(port);
      connection.close();
    });
  };
}

(globalThis as unknown as { onconnect: (event: MessageEvent) => void }).onconnect = ({ ports: [port] }) => serve(port!);
