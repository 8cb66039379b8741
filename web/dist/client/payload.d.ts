import type { Dict, Payload } from './messages.js';
import type { PublishOptions } from './options.js';
/**
 * Returns the payload, or throws a Failed if it cannot be JSON. It is checked here because a failure in `send` would
 * come after the request id was used, with no caller to reject.
 */
export declare function payloadFrom({ args, kwargs }: Partial<Payload>): Payload;
export declare function publishOptions({ acknowledge, excludeMe, version, key, remove }: PublishOptions, id: string | undefined): Dict;
