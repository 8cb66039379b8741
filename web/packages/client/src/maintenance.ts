/** Maintenance: what the site's state is, from the moment a page is connected, and whether it binds this user. */
import type { Connection, Handle } from './connection.js';
import { type Dict, textOf, textsOf } from './messages.js';
import type { Session } from './state.js';

export interface Maintenance {
  readonly on: boolean;
  readonly message: string;
  readonly since: Date | null;
  readonly by: string;
  readonly exempt: boolean; // an operator: the page stays usable
}

const TOPIC = 'tidings.maintenance';

/**
 * The router says the state to whoever subscribes, so a late page and one that comes back know it at once. While the
 * connection is away the last word stands.
 */
export function watchMaintenance(connection: Connection, changed: (maintenance: Maintenance) => void): Handle {
  return connection.subscribe(TOPIC, ({ payload }) => changed(maintenanceFrom(payload.kwargs, connection.session)));
}

export function maintenanceFrom(kwargs: Dict, session: Session | null): Maintenance {
  const since = textOf(kwargs, 'since');
  return {
    on: kwargs['on'] === true,
    message: textOf(kwargs, 'message'),
    since: since === '' ? null : new Date(since),
    by: textOf(kwargs, 'by'),
    exempt: session !== null && isOperator(kwargs, session),
  };
}

function isOperator(kwargs: Dict, session: Session): boolean {
  const roles = textsOf(kwargs, 'operator_roles');
  return textsOf(kwargs, 'operators').includes(session.user) || session.roles.some((role) => roles.includes(role));
}
