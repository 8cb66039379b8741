// Signs a one-time ticket for one user, with nothing but Node.js itself.
// Usage: TIDINGS_SECRET=... node ticket.mjs USER [NAME [ROLE...]]
import { createHmac, randomBytes } from "node:crypto";

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

function ticket(secret, user, name, roles) {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    jti: randomBytes(16).toString("hex"), // accepted once: no other ticket may have it
    sub: user,
    aud: "tidings",
    iat: now,
    exp: now + 60,
    name,
    roles,
  };
  const signed = `${base64url({ alg: "HS256", typ: "JWT" })}.${base64url(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

const [user, name = user, ...roles] = process.argv.slice(2);
if (!process.env.TIDINGS_SECRET || !user) {
  console.error("usage: TIDINGS_SECRET=... node ticket.mjs USER [NAME [ROLE...]]");
  process.exit(2);
}
console.log(ticket(process.env.TIDINGS_SECRET, user, name, roles));
