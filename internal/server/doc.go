// Package server assembles the parts into one program: it turns a configuration into a router with
// its contracts, components, transports and HTTP paths, starts them in order and stops them in
// reverse.
//
// It is the only package that knows all others. What a part needs of another one it gets here, as
// the small interface that it asked for. The package never speaks a protocol and never decides on a
// request: it only connects who does.
//
// # Order
//
//	start  engine, maintenance state, components, transport, HTTP
//	stop   HTTP stops accepting, sessions are told goodbye, transport, components, engine
package server
