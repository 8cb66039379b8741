/** Loads what shares a connection (share.ts) when a page needs it, and connects alone where that is not possible. */
import type { ShareOptions } from './share.js';
import { type Dial } from './transport.js';
/** Returns what opens transports for a page with that option. */
export declare function dialFrom(share?: boolean | ShareOptions): Dial;
