// Package frame reads and makes the frames that transport carries: those of WebSocket (RFC 6455) with
// permessage-deflate (RFC 7692), those of RawSocket (WAMP, "RawSocket Transport"), and the batches that several
// messages share (WAMP, "WebSocket Transport"). A [Codec] stands for one of the two kinds of frames, a [Reader]
// turns bytes into messages, and a framing turns a message into bytes.
//
//	codec.go        what both kinds have in common: Codec, Reader, the read buffer
//	websocket.go    reader of RFC 6455 frames
//	framing.go      maker of RFC 6455 frames
//	close.go        close frames and their codes
//	utf8.go         check of text that arrives in pieces
//	deflate.go      compression of one message
//	extension.go    negotiation of permessage-deflate
//	rawsocket.go    reader and maker of RawSocket frames
//	batch.go        several messages in one
//	violation.go    why a peer's bytes are refused
//
// The package does no I/O, starts no goroutine, takes no lock, keeps no clock and imports nothing of this
// repository. It never allocates for what a header announces before the bytes have arrived. A Reader belongs to
// one goroutine at a time; everything else is safe for concurrent use.
package frame
