// Package server assembles the parts into one program: it turns a configuration into a router with its policy,
// features, transports and HTTP paths, starts them in order and stops them in reverse.
//
// It is the only package that imports all others. A part that needs another one declares a small interface, and
// gets an implementation here. Each feature is listed in a file of its own, feature_<name>.go.
//
// The package speaks no protocol and decides on no request: internal/policy does.
//
// # Order
//
//	start  listeners, engine, features, then together: transport, HTTP, features with work of their own
//	stop   HTTP accepts no more, GOODBYE to all sessions, transport, features in reverse, webhooks, engine
package server
