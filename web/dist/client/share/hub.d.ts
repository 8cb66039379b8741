/**
 * The hub holds one WebSocket for the tabs of a browser. Each tab has a channel with a session of its own. The hub reads
 * only the lines between the messages (docs/protocol.md, Channels), never a message.
 */
import { type FromTab, type Port } from './messages.js';
export declare class Hub {
    #private;
    readonly id: `${string}-${string}-${string}-${string}-${string}`;
    constructor(address: string);
    receive(port: Port, message: FromTab): void;
    /** Closes the channels of a tab that has gone. */
    gone(port: Port): void;
    /** Closes the connection; all tabs lose their channels. */
    stop(): void;
}
