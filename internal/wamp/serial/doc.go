// Package serial implements the serializations of WAMP without I/O: JSON, MessagePack, CBOR and UBJSON.
//
// A [Reader] reads values one head at a time, and a [Writer] appends them. [Writer.Copy] transcodes a whole value
// without Go values between. What a serialization accepts is in json.go, msgpack.go, cbor.go and ubjson.go; the
// rest is written once for all of them. The package knows nothing of messages: package wamp gives values their
// meaning.
//
// A reader is strict, and bounded in depth (format.go). It accepts a value only if every serialization has a form
// for it, or if it is a tag of CBOR (cbor_tag.go). A value that is refused can still be measured (measure.go) if
// its framing is intact, and its flaw located (flaw.go). Then only the message that has the value fails.
package serial
