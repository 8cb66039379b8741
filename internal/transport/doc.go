// Package transport carries bytes between clients and the router over WebSocket (RFC 6455, with
// permessage-deflate, RFC 7692), over RawSocket and over HTTP long-poll. It does the upgrade itself, before
// net/http sees the connection (see [Server.UpgradeListener]) or on one that it gives away, checks every frame, writes what is queued for a client with one write, keeps
// idle connections alive and ends each of them with a typed reason. How frames lie on a connection
// is a [codec]; everything else is the same for all.
//
// The package never looks into a message: what is said over a connection is a [Conversation], made
// by a [Handler], which is WAMP through the router unless the [Options] name another.
// It never logs a query string (there is a ticket in it), never waits for a slow client on behalf
// of another one, and holds no buffer for a connection at rest.
//
// # Goroutines
//
//	what            one per              ends when                        who waits
//	entrance        listener             it is closed                     Close
//	net/http's      handshake that the   the 101 is written               net/http
//	                entrance leaves
//	poll            long-poll client     it is closed, or has gone        Server.Run
//	greeting        RawSocket handshake  it is answered, or its time up   Server.Run
//	shard           processor            all connections are closed       Server.Run
//	worker          a few per shard, and all connections are closed       Server.Run
//	                per message that
//	                waits
//	reader          connection that is   the connection is closed         Server.Run
//	                no descriptor
//	on demand       such a connection    it is written, or the write      Server.Run
//	                that is written to   deadline passes
//
// Only the reader calls a Conversation's Receive and Gone; only the one who holds the connection's
// turn to write (a shard, or the goroutine on demand that a shard handed it to) writes. Who is the
// reader is the [socket]'s business.
//
// # Lock order
//
// conn.mu, then lifetime.mu; poller.mu, then shard.readyMu; polled.mu, then shard.readyMu (a shard holds
// the polled.mu of a whole convoy, its own connections', while the kernel writes, and takes nothing else);
// shard.membersMu stands alone. The router calls Wake under
// its locks; none of them is taken under one of ours.
package transport
