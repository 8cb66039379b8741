/** Maintenance: reports the state of maintenance to a page and whether the page's user is exempt. */
import type { Connection } from './connection.js';
import { type Dict } from './messages.js';
import type { Handle } from './options.js';
import type { Session } from './state.js';
export interface Maintenance {
    readonly on: boolean;
    readonly message: string;
    readonly since: Date | null;
    readonly by: string;
    readonly exempt: boolean;
}
/**
 * Calls `changed` with the state at once and after each change. The router sends the state to every new subscriber,
 * also after a reconnect. While there is no connection, the last state stands.
 */
export declare function watchMaintenance(connection: Connection, changed: (maintenance: Maintenance) => void): Handle;
export declare function maintenanceFrom(kwargs: Dict, session: Session | null): Maintenance;
