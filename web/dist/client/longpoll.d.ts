import { type Dial } from './transport.js';
/** Carries the messages over requests: one waits for messages, and one at a time sends. */
export declare const longPoll: Dial;
/**
 * Tries a WebSocket first, by `first`, unless this tab has found it blocked in the last ten minutes. Where that fails and HTTP works,
 * it is long-poll. A page that stays tries WebSocket again after ten minutes, and changes over where it works.
 */
export declare const fallback: (first: Dial) => Dial;
