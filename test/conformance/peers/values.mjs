// Values as the tests compare them: JSON, with {"$binary": base64} for bytes, {"$integer": digits} for
// integers that a JavaScript number cannot represent, and to send: {"$undefined": true},
// {"$date": text}, and {"$cut": true} for a text that was cut inside a character.

export function toNeutral(value) {
  if (value === undefined) return null;
  if (typeof value === "string" && value.startsWith("\0")) return { $binary: value.slice(1) }; // binary in JSON
  if (typeof value === "bigint") {
    return Number.isSafeInteger(Number(value)) ? Number(value) : { $integer: value.toString() };
  }
  if (value instanceof ArrayBuffer) value = new Uint8Array(value);
  if (ArrayBuffer.isView(value)) {
    return { $binary: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64") };
  }
  return copy(value, toNeutral);
}

export function fromNeutral(value, serialization) {
  if (value?.$binary !== undefined) {
    return serialization === "json" ? `\0${value.$binary}` : Buffer.from(value.$binary, "base64");
  }
  if (value?.$integer !== undefined) return BigInt(value.$integer);
  if (value?.$undefined) return undefined;
  if (value?.$date !== undefined) return new Date(value.$date);
  if (value?.$cut) return "cut 😀".slice(0, -1);
  return copy(value, (v) => fromNeutral(v, serialization));
}

function copy(value, each) {
  if (Array.isArray(value)) return value.map(each);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, each(v)]));
  }
  return value;
}
