// Package bench measures a running server from outside, as its clients meet it: how fast connections
// come up, how long an event takes, how many events a second arrive. It reads what that costs from
// the server's own metrics, and says in words what the figures mean.
//
// It is a client like any other: one process, plain connections of package client, the API key that
// it is given. It never publishes to more than one topic, never sends what it has no room for (but
// for a rate that its user chose), and never leaves a connection behind.
//
// # One run
//
//	probe        one connection: may the key subscribe and publish?
//	connections  all that were asked for, each subscribed to the topic
//	latency      publications at a fixed rate
//	fan-out      publications as fast as they arrive, a few on their way at once
//	report       the figures, what they mean, and what casts doubt on them
//
// Each of the three steps has a bound in time; the end of the context ends any of them.
package bench
