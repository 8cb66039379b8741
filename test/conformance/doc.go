// Package conformance connects other projects' WAMP clients, unmodified, and one of version 1 to the whole server:
// every client with every serialization talks to every other.
//
// Its tests need Node.js and `npm ci` in this folder, and are skipped without. If autobahn for Python is not installed,
// its rows are missing.
package conformance
