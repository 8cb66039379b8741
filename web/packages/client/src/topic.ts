// What cannot stand in one component of a topic. See docs/protocol.md, "Parameters in topics".
const encoded = /[%./#\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/g;

// A parameter of a contract: {name} or {name:type}, whose type may be a regular expression with braces.
const parameter = /\{([A-Za-z_]\w*)(?::(?:[^{}\\]|\\.|\{[^{}]*\})*)?\}/g;

/** Returns a value as it stands in one component of a topic. */
export function encodeParam(value: string | number): string {
  const text = String(value);
  if (!text) throw new TypeError('a parameter must not be empty');
  // encodeURIComponent leaves the dot, which is one octet.
  return text.replace(encoded, (character) => (character === '.' ? '%2E' : encodeURIComponent(character)));
}

/**
 * Returns the topic, or the procedure, of a contract with values of its parameters:
 * topicOf('user.{user}.flash', {user: 'ann@example.com'}) is 'user.ann@example%2Ecom.flash'.
 */
export function topicOf(contract: string, params: Readonly<Record<string, string | number>>): string {
  const unused = new Set(Object.keys(params));
  const topic = contract.replace(/#/g, '%23').replace(parameter, (_, name: string) => {
    const value = params[name];
    if (value === undefined) throw new TypeError(`${contract} has the parameter ${name}, which is not given`);
    unused.delete(name);
    return encodeParam(value);
  });
  for (const name of unused) throw new TypeError(`${contract} has no parameter ${name}`);
  return topic;
}
