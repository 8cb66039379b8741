// Package transport carries messages between clients and the router over WebSocket (RFC 6455, with permessage-deflate,
// RFC 7692), over RawSocket and over HTTP long-poll. It does the handshakes, checks every frame, writes everything that
// is queued for a client with one write, keeps idle connections alive, and ends each connection with a typed reason.
// Package netpoll below it moves the bytes, package frame reads and makes the frames.
//
// The package never looks into a message: the exchange over a connection is a [Conversation], made by a [Handler]. That
// is WAMP through the router unless [Options] name another. It never logs a query string, which may have a ticket,
// never waits for a slow client on behalf of another client, and holds no buffer for a connection at rest. It is the
// same on every system.
//
//	server.go              Server: upgrades, places for connections, Run
//	handshake.go           negotiation of an upgrade
//	origin.go              which pages may connect
//	proxy.go               the remote end behind trusted proxies
//	cookie.go              recognition of browsers
//	problem.go             refusals
//	explain.go             the reason of a refusal, for a page that asks
//	notices.go             which refusals are in the log
//	pending.go             RawSocket handshakes in progress
//	conn.go                conn: one connection
//	read.go                its reader
//	write.go               what a flush writes
//	close.go               how it closes
//	context.go             its context
//	shard.go               writers
//	deadlines.go           ticker: pings and time limits
//	rawsocket.go           RawSocket: handshake and accept loop
//	longpoll.go            long-poll: HTTP operations
//	longpollsession.go     long-poll: one client
//	channels.go            several conversations over one connection
//	channel.go             one of them
//	channel_write.go       what a flush takes of them
//	handler.go             Handler and Conversation: what connections are for
//	wamp.go                the Handler of WAMP
//	handover.go            how another process takes this one's place
//	options.go, settings.go, stats.go, timeouts.go, tls.go
//
// # Goroutines
//
//	what                   one per                        ends when                      waits for it
//	net/http's             handshake that netpoll does    the 101 is written             net/http
//	                       not take
//	RawSocket handshake    connection                     it is answered or too late     Server.Run
//	long-poll session      client                         it is closed or has gone       Server.Run
//	end of a channel       channel that the server ends   its reader is free             router.Shutdown
//	shard                  processor                      all connections are closed     Server.Run
//	netpoll's              see there                      all connections are closed     Server.Run
//
// Only the reader calls Conversation.Receive and Closed. Only the goroutine that holds conn.wakes above 0 writes: the
// handshake first, then the shard.
//
// # Lock order
//
//	conn.mu, then connContext.mu
//	netpoll's locks, then shard.readyMu
//	channels.receiving, then the router's locks, then channels.mu, then shard.readyMu
//	shard.membersMu, LongPoll.mu, Server.mu and pendingHandshakes.mu are leaves
//
// The router calls Wake with its locks held. The transport calls the router with none of these locks held.
package transport
