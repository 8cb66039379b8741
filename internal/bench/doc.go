// Package bench measures a running server from outside: how fast clients connect, how long an event takes, how many
// events a second arrive. It reads the costs from the server's own metrics, and explains the figures in words.
//
// The bench is a client like any other. It is one process with plain connections of package client and an API key. It
// publishes to one topic only, and publishes faster than events arrive only if its user chose such a rate. It closes
// every connection that it opened.
//
// # One run
//
//	probe        one connection: may the key subscribe and publish?
//	connections  as many as the options say, each subscribed to the topic
//	latency      publications at a fixed rate
//	fan-out      publications as fast as their events arrive, a few in flight
//	report       the figures, their meaning, and reasons to doubt them
//
// Each step has a bound in time. Canceling the context ends the run in any step.
package bench
