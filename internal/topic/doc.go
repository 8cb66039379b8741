// Package topic compiles contracts of topics and procedures into a [Table]. A contract has a typed
// pattern, rules over identity and parameters, and the schema of the payload. The table decides on
// every subscription, publication, call and registration.
//
// The package never keeps state of a session or a subscription, never asks another program (package
// hook does) and never opens a socket. Schemas come from local files, which Compile reads once.
package topic
