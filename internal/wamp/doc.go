// Package wamp is the Web Application Messaging Protocol without I/O: messages, URIs, ids,
// encodings and the state of one conversation.
//
// An encoding is a dialect (version 2 or version 1 of the protocol) times a serialization (JSON,
// MessagePack, CBOR, UBJSON). Version 2 is the language inside; version 1 is a translator. Application
// payload stays the bytes that it arrived as and is transcoded at most once for each serialization
// that needs it, value by value and never through Go's own types.
//
// What a frame may hold is decided here and nowhere else: the elements of each message (layout.go),
// the types of the options that we know (options.go), the values that every serialization can carry
// (json.go, msgpack.go, cbor.go, ubjson.go), the order of a conversation (session.go). What is let in from one
// client can be delivered to any other. testdata has it all as examples.
//
// The package never reads a socket, starts a goroutine, looks at a clock or takes a lock: who uses
// a [Conversation] serializes the calls.
package wamp
