// Package netpoll moves the bytes of many connections. A [Socket] is the lower half of a connection, an
// [EventHandler] the upper half. There are three kinds of sockets:
//
//	epollSocket     a descriptor that epoll watches; at rest it needs no goroutine and no buffer. Linux.
//	tlsSocket       TLS over an epollSocket. Linux.
//	blockingSocket  any net.Conn, with a goroutine that blocks in Read. Every system, and everywhere with
//	                [Options.Portable].
//
// Around them stand three things that exist on Linux only and do nothing elsewhere: a [Batch] writes to many sockets
// with one system call (io_uring), [ListenUpgrades] answers WebSocket upgrades before net/http has allocated anything
// for them, and [TakeoverListener] lets a Loop take connections out of crypto/tls.
//
// The package never looks into a byte, except at the request line and header of an upgrade. It never waits for a slow
// client in a goroutine that serves other clients. It imports nothing of this repository.
//
//	socket.go                       Socket and EventHandler: what a connection and its socket ask of each other
//	loop.go                         Loop: the sockets of a part of the connections
//	loop_other.go                   systems without epoll
//	socket_blocking.go              blockingSocket
//	socket_epoll_linux.go           epollSocket
//	socket_tls_linux.go             tlsSocket
//	epoll_linux.go                  workers that wait for epoll and run the readers of its sockets
//	send_batch_linux.go             Batch: many writes, one system call
//	send_uring_linux.go             io_uring, as far as a Batch needs it
//	send_queue.go                   what the kernel may hold for a connection that is not read
//	http_upgrade.go                 which requests are upgrades, and how their connections are taken over
//	http_upgrade_listener_linux.go  accept loop that takes upgrades
//	http_upgrade_conn_linux.go      accepted connection whose request is not read yet
//	http_upgrade_request_linux.go   the strict reading of a request for an upgrade
//	prefix_conn_linux.go            connection with bytes that were read already
//	syscall_linux.go                system calls that return at once, without telling the scheduler
//
// # Goroutines
//
//	what              one per                               ends when
//	worker            a few per Loop, and one for each      Loop.Stop
//	                  Readable that blocks
//	accept loop       listener of upgrades                  its Close, or that of the inner listener
//	blocking reader   blockingSocket                        Readable returns Done
//	blocking writer   blockingSocket that is written to     the bytes are written, or the time is over
//
// # Locks
//
//	eventLoop.mu     slots and tasks; an EventHandler's Writable is called under it
//	epollSocket.mu   the descriptor, which must not be closed while it is used. A Batch locks all its sockets while the
//	                 kernel writes, see send_batch_linux.go. Nothing but EventHandler.WriteWanted is called under it.
//
// No lock is held while Readable, Closed or Wrote is called.
package netpoll
