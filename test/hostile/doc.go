//go:build linux

// Command hostile attacks a Tidings server as strangers and users can, and states what each attack costs the server for
// each KiB that the attacker sends: memory and CPU time of the server's process.
//
//	go run ./test/hostile                 # builds tidings, runs all attacks, prints a table
//	go run ./test/hostile -times 20       # sends 20 times as much
//	go run ./test/hostile -only numbers   # the attacks whose names match
//	go run ./test/hostile -tidings bin/tidings
//	go run ./test/hostile -only 'foreign bytes' -connections 5000
//
// Each attack has a server of its own. Beside it runs a witness: a session that publishes to itself, and must still get
// its events after the attack. An attack fails if it costs more than its bound or if the witness is lost.
//
//	attacker         bound
//	a stranger       64 KiB of memory and 2 ms of CPU time for each KiB sent
//	a user           16 times what acknowledged publications of the same length cost
//
// Last, many connections look for bytes that belong to another connection, while most are reset in the middle of what
// they receive (foreign.go).
//
// The files: attack.go what an attack is, strangers.go, channels.go, users.go and victims.go the attacks, client.go
// the attackers' connections, forge.go messages that no encoder makes, server.go the process, cost.go its costs, run.go
// one attack.
package main
