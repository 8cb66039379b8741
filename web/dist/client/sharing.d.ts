/** Chooses what opens transports: a connection that the tabs share, or one of the tab's own. */
import type { ShareOptions } from './share.js';
import { type Dial } from './transport.js';
/** Returns what opens transports for a page with that option. */
export declare function dialFrom(share?: boolean | ShareOptions): Dial;
