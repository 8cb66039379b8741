/** The errors after which the same request may succeed later: the cause goes away by itself, or somebody mends it. */
const TEMPORARY: ReadonlySet<string> = new Set([
  'wamp.error.authorization_failed', // what decides did not answer, such as a webhook
  'wamp.error.canceled',
  'wamp.error.network_failure',
  'wamp.error.no_available_callee',
  'wamp.error.procedure_already_exists', // the page's last session, of which the server has not noticed the end
  'wamp.error.timeout',
  'wamp.error.unavailable',
]);

export function isTemporary(uri: string): boolean {
  return TEMPORARY.has(uri);
}
