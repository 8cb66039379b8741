// Package wamp implements the Web Application Messaging Protocol without I/O: messages, URIs, ids,
// encodings and the state of one conversation.
//
// An encoding is a dialect (version 2 or version 1 of the protocol) together with a serialization (JSON,
// MessagePack, CBOR, UBJSON). All messages in memory are those of version 2; frames of version 1 are
// translated. An application payload stays the bytes that arrived. It is transcoded at most once for each
// serialization that needs it, value by value and without Go values between.
//
// This package decides what a frame may hold: the elements of each message (layout.go), the types of
// the known options (options.go) and the order of messages (conversation.go). Package serial decides what values a
// payload can carry. A message that is accepted from one client can be delivered to every other client, unless it has
// a tag of CBOR. What is wrong inside a payload is an error of its message alone (payload_error.go). testdata has
// examples of all of this.
//
// The package never reads a socket, starts a goroutine, reads the clock or takes a lock. The caller
// serializes the calls of a [Conversation].
package wamp
