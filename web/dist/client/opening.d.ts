import { type Dict, type Incoming } from './messages.js';
import { type Input, type State, type Step } from './state.js';
export declare function connect(state: State): Step;
export declare function retry(state: State): Step;
/** Connects at once if the page waits, because the reason to wait is over. */
export declare function wake(state: State): Step;
/** An attempt that began in the network before is given up: its packets may go nowhere. */
export declare function networkChanged(state: State): Step;
/** Sends HELLO and asks the page's backend for a ticket at the same time, which saves a round trip. */
export declare function hello(state: State): Step;
/** A ticket that comes while the page waits is used at once, because it expires. */
export declare function ticket(state: State, input: Input & {
    type: 'ticket';
}): Step;
export declare function challenged(state: State, method: string): Step;
export declare function noTicket(state: State, input: Input & {
    type: 'no-ticket';
}): Step;
export declare function welcome(state: State, message: Incoming & {
    type: 'welcome';
}): Step;
/** The session goes on with the identity of another ticket. */
export declare function renewed(state: State, details: Dict): Step;
/** Replaces a dead connection at once: there is no reason to wait. */
export declare function reconnect(state: State): Step;
