//go:build linux

// Command faults shows that nothing is missed: it lets faults happen to a Tidings server in the middle of publications,
// and compares what publishers were told with what subscribers received.
//
//	go run ./test/faults                 # builds tidings, plays all faults at full size, prints a table
//	go run ./test/faults -short          # as much as make test does
//	go run ./test/faults -only 'kill'    # the faults whose names match
//	go run ./test/faults -tidings bin/tidings
//
// Each fault has a server of its own, with a data folder, and clients over WebSocket and RawSocket with all
// serializations, most of them through a proxy:
//
//	publishers    publish with acknowledgement, many at a time, and try again with the same _id after an error or a
//	              lost connection, until everything is acknowledged
//	subscribers   hold an exact topic, some also a prefix or a wildcard, connect again when they have lost their
//	              connection, and resume from their position
//	one reader    comes in the end and reads all that is kept
//
// A fault is survived if nothing that was acknowledged is lost, doubled, out of order or not stored, and if the server
// returns memory and descriptors. Only a fault that destroys files may leave a gap, which clients must be told.
//
// The files: all.go the faults, on_server.go, on_network.go, on_disk.go and full_disk.go what happens in them, scene.go
// a server with its clients, publisher.go, subscriber.go and wire.go the clients, proxy.go the network, server.go the
// process, usage.go what it holds. Package audit compares; package instrument models a disk and a clock.
package main
