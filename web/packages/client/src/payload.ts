/** The payload and the options of a request, as the router expects them. */
import { Failed } from './failure.js';
import type { Dict, Payload } from './messages.js';
import type { PublishOptions } from './options.js';

/**
 * Returns the payload, or throws a Failed if it cannot be JSON. It is checked here because a failure in `send` would
 * come after the request id was used, with no caller to reject.
 */
export function payloadFrom({ args = [], kwargs = {} }: Partial<Payload>): Payload {
  try {
    JSON.stringify([args, kwargs]);
  } catch (error) {
    throw Failed.from(error);
  }
  return { args, kwargs };
}

export function publishOptions({ acknowledge, excludeMe, version, key, remove }: PublishOptions, id: string | undefined): Dict {
  return {
    ...(acknowledge ? { acknowledge } : {}),
    ...(excludeMe === false ? { exclude_me: false } : {}),
    ...(id === undefined ? {} : { _id: id }),
    ...(version === undefined ? {} : { _version: version }),
    ...(key === undefined ? {} : { _key: key }),
    ...(remove ? { _delete: true } : {}),
  };
}
