/** Maintenance: what the site's state is, from the moment a page is connected, and whether it binds this user. */
import type { Connection, Handle } from './connection.js';
import { type Dict } from './messages.js';
import type { Session } from './state.js';
export interface Maintenance {
    readonly on: boolean;
    readonly message: string;
    readonly since: Date | null;
    readonly by: string;
    readonly exempt: boolean;
}
/**
 * The router says the state to whoever subscribes, so a late page and one that comes back know it at once. While the
 * connection is away the last word stands.
 */
export declare function watchMaintenance(connection: Connection, changed: (maintenance: Maintenance) => void): Handle;
export declare function maintenanceFrom(kwargs: Dict, session: Session | null): Maintenance;
