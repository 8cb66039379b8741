package transport

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// frameRules are what the handshake agreed on.
type frameRules struct {
	maxMessage int
	frames     FrameTypes
	compressed bool // permessage-deflate, without context takeover
}

// webSocketReader turns the bytes of one client into messages and control frames (RFC 6455, 5). It is
// filled by whoever has bytes and does no I/O. All that one holds is in it, so that a connection at
// rest has none.
//
//	bytes -> space, filled -> next -> header -> control frame, complete ----------> given
//	                                        \-> data -> unmask, UTF-8 -> message -> given, inflated if RSV1
type webSocketReader struct {
	rules frameRules
	inBuffer

	head    ws.Header
	inFrame bool  // head is of a frame whose payload is not complete
	got     int64 // bytes of that payload that are taken over

	// The message that is incomplete.
	opcode  ws.OpCode // 0: none
	deflate bool
	message []byte
	text    utf8Checker

	inflated []byte // the last compressed message
	source   bytes.Reader
	scratch  [ws.MaxHeaderSize - 2]byte
}

var webSocketReaders = sync.Pool{New: func() any { return new(webSocketReader) }}

func getWebSocketReader(rules frameRules) *webSocketReader {
	f := webSocketReaders.Get().(*webSocketReader)
	f.rules = rules
	return f
}

// put must only be called at rest: nothing is partial, so nothing needs to be cleared.
func (f *webSocketReader) put() { webSocketReaders.Put(f) }

// idle reports whether nothing is partial, neither a frame nor a fragmented message.
func (f *webSocketReader) idle() bool { return f.start == f.end && !f.inFrame && f.opcode == 0 }

func (f *webSocketReader) next() (incoming, bool, *violation) {
	for {
		if !f.inFrame {
			if ok, wrong := f.header(); wrong != nil || !ok {
				return incoming{}, false, wrong
			}
		}
		if f.head.OpCode.IsControl() {
			in, ok := f.control()
			return in, ok, nil
		}
		message, complete, wrong := f.data()
		switch {
		case wrong != nil:
			return incoming{}, false, wrong
		case complete:
			in, wrong := f.finish(message)
			return in, wrong == nil, wrong
		case f.inFrame:
			f.compact()
			return incoming{}, false, nil
		}
	}
}

// header takes over the header of the next frame, if it is there, and checks it.
func (f *webSocketReader) header() (bool, *violation) {
	f.source.Reset(f.buf[f.start:f.end])
	head, err := ws.ReadHeaderBuffer(&f.source, f.scratch[:])
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		f.compact()
		return false, nil
	case err != nil:
		return false, badFrame(err.Error())
	}
	size := f.end - f.start - f.source.Len()
	if size != ws.HeaderSize(head) {
		return false, badFrame("the length of a frame is not in its shortest form")
	}
	if wrong := f.check(head); wrong != nil {
		return false, wrong
	}
	f.start += size
	f.head, f.got, f.inFrame = head, 0, true
	if head.OpCode == ws.OpText || head.OpCode == ws.OpBinary {
		f.opcode, f.deflate = head.OpCode, head.Rsv1()
		f.text = utf8Checker{}
	}
	return true, nil
}

// check refuses a frame by its header, before any of its payload is read.
func (f *webSocketReader) check(head ws.Header) *violation {
	state := ws.StateServerSide
	if f.opcode != 0 {
		state = state.Set(ws.StateFragmented)
	}
	rsv := head
	if f.rules.compressed && (head.OpCode == ws.OpText || head.OpCode == ws.OpBinary) {
		rsv.Rsv &^= ws.Rsv(true, false, false) // RFC 7692, 6: RSV1 belongs to the first fragment
	}
	if err := ws.CheckHeader(rsv, state); err != nil {
		return badFrame(err.Error())
	}
	if head.OpCode.IsControl() {
		return nil
	}
	if wrong := f.rules.checkType(head.OpCode); wrong != nil {
		return wrong
	}
	if head.Length > int64(f.rules.maxMessage-len(f.message)) {
		return tooBig(f.rules.maxMessage)
	}
	return nil
}

func (r frameRules) checkType(opcode ws.OpCode) *violation {
	text := ""
	switch {
	case opcode == ws.OpText && r.frames&TextFrames == 0:
		text = "this subprotocol uses binary frames"
	case opcode == ws.OpBinary && r.frames&BinaryFrames == 0:
		text = "this subprotocol uses text frames"
	default:
		return nil
	}
	wrong := badFrame(text)
	wrong.code = ws.StatusUnsupportedData
	return wrong
}

// control gives a control frame once it is complete in the buffer, which always has room for one.
func (f *webSocketReader) control() (incoming, bool) {
	length := int(f.head.Length)
	if f.end-f.start < length {
		f.compact()
		return incoming{}, false
	}
	payload := f.buf[f.start : f.start+length]
	ws.Cipher(payload, f.head.Mask, 0)
	f.start += length
	f.inFrame = false
	return incoming{f.head.OpCode, payload}, true
}

// data takes over what is there of a data frame's payload. A message that is complete in the buffer
// stays there.
func (f *webSocketReader) data() (message []byte, complete bool, wrong *violation) {
	n := int(min(int64(f.end-f.start), f.head.Length-f.got))
	chunk := f.buf[f.start : f.start+n]
	ws.Cipher(chunk, f.head.Mask, int(f.got%4))
	whole := f.head.Fin && f.head.OpCode != ws.OpContinuation && int64(n) == f.head.Length
	f.start += n
	f.got += int64(n)
	f.inFrame = f.got < f.head.Length
	complete = f.head.Fin && !f.inFrame
	if f.opcode == ws.OpText && !f.deflate {
		if !f.text.accept(chunk) || complete && !f.text.complete() {
			return nil, false, badData("a text message is not valid UTF-8")
		}
	}
	if whole {
		return chunk, true, nil
	}
	f.collect(chunk)
	return f.message, complete, nil
}

// collect keeps a part of a message. Room is made for what the frame announces, but never for more
// than has arrived already.
func (f *webSocketReader) collect(chunk []byte) {
	if need := len(f.message) + len(chunk); need > cap(f.message) {
		announced := f.head.Length - f.got // behind this chunk
		f.message = slices.Grow(f.message, len(chunk)+int(min(announced, int64(need))))
	}
	f.message = append(f.message, chunk...)
}

// finish gives a complete message.
func (f *webSocketReader) finish(message []byte) (incoming, *violation) {
	in, deflate := incoming{f.opcode, message}, f.deflate
	f.opcode, f.deflate, f.message = 0, false, emptied(f.message)
	if !deflate {
		return in, nil
	}
	var wrong *violation
	f.inflated, wrong = inflate(emptied(f.inflated), message, f.rules.maxMessage)
	if wrong != nil {
		return incoming{}, wrong
	}
	if in.opcode == ws.OpText && !utf8.Valid(f.inflated) {
		return incoming{}, badData("a text message is not valid UTF-8")
	}
	in.payload = f.inflated
	return in, nil
}
