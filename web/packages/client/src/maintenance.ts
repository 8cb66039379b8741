/** Maintenance: reports the state of maintenance to a page and whether the page's user is exempt. */
import type { Connection } from './connection.js';
import { type Dict, textOf, textsOf } from './messages.js';
import type { Handle } from './options.js';
import type { Session } from './state.js';

export interface Maintenance {
  readonly on: boolean;
  readonly message: string;
  readonly since: Date | null;
  readonly by: string;
  readonly exempt: boolean; // the user is an operator: the page stays usable
}

const TOPIC = 'tidings.maintenance';

/**
 * Calls `changed` with the state at once and after each change. The router sends the state to every new subscriber,
 * also after a reconnect. While there is no connection, the last state stands.
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
