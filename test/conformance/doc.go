// Package conformance lets other projects' WAMP clients, unmodified, and one of version 1 talk to
// each other through the whole server: every client with every serialization to every other.
//
// Its tests need Node.js and `npm ci` in this folder, and skip without. Where autobahn for Python is
// missing, its rows are.
package conformance
