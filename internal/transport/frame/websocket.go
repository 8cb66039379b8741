package frame

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// WebSocket is the codec of RFC 6455.
type WebSocket struct{}

// NewReader implements [Codec].
func (WebSocket) NewReader(rules Rules) Reader {
	f := webSocketReaders.Get().(*webSocketReader)
	f.rules = rules
	return f
}

// Control implements [Codec].
func (WebSocket) Control(opcode Opcode, payload []byte) []byte { return control(opcode, payload) }

// MaxPongs implements [Codec]. A server may answer only the latest of many pings (RFC 6455, 5.5.3).
func (WebSocket) MaxPongs(Rules) (bytes int, then PongOverflow) { return 1 << 10, SendLatestPong }

// webSocketReader reads RFC 6455 frames (section 5). It holds everything that is partial, so a connection at rest
// needs no reader.
//
//	bytes -> Space, Filled -> Next -> header -> control frame, complete ----------> returned
//	                                        \-> data -> unmask, UTF-8 -> message -> returned, inflated if RSV1
type webSocketReader struct {
	rules Rules
	inBuffer

	head    ws.Header
	inFrame bool  // head is of a frame whose payload is not complete
	got     int64 // bytes of that payload that are consumed

	// The message that is incomplete.
	opcode  Opcode // 0: none
	deflate bool
	message []byte
	text    utf8Checker

	fragments int // see Incoming.Fragments

	inflated []byte // the last compressed message
	source   bytes.Reader
	scratch  [ws.MaxHeaderSize - 2]byte
}

var webSocketReaders = sync.Pool{New: func() any { return new(webSocketReader) }}

// Put implements [Reader]. Nothing is partial, so nothing has to be cleared.
func (f *webSocketReader) Put() { webSocketReaders.Put(f) }

// SetMaxMessage implements [Reader].
func (f *webSocketReader) SetMaxMessage(limit int) { f.rules.MaxMessage = limit }

// Skip implements [Reader].
func (f *webSocketReader) Skip() {
	f.skip()
	f.inFrame, f.opcode, f.deflate, f.fragments = false, 0, false, 0
	f.message = emptied(f.message)
}

// Idle implements [Reader].
func (f *webSocketReader) Idle() bool { return f.start == f.end && !f.inFrame && f.opcode == 0 }

// Next implements [Reader].
func (f *webSocketReader) Next() (Incoming, bool, *Violation) {
	in, complete, wrong := f.next()
	in.Fragments, f.fragments = f.fragments, 0
	return in, complete, wrong
}

func (f *webSocketReader) next() (Incoming, bool, *Violation) {
	for {
		if !f.inFrame {
			if ok, wrong := f.header(); wrong != nil || !ok {
				return Incoming{}, false, wrong
			}
		}
		if f.head.OpCode.IsControl() {
			in, ok := f.control()
			return in, ok, nil
		}
		message, complete, wrong := f.data()
		switch {
		case wrong != nil:
			return Incoming{}, false, wrong
		case complete:
			in, wrong := f.finish(message)
			return in, wrong == nil, wrong
		case f.inFrame:
			f.compact()
			return Incoming{}, false, nil
		}
	}
}

// header consumes the header of the next frame and checks it. It returns false if the header is incomplete.
func (f *webSocketReader) header() (bool, *Violation) {
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
	switch {
	case head.OpCode == ws.OpText || head.OpCode == ws.OpBinary:
		f.opcode, f.deflate = head.OpCode, head.Rsv1()
		f.text = utf8Checker{}
	case head.OpCode == ws.OpContinuation && head.Length < smallFragment:
		f.fragments++
	}
	return true, nil
}

// check validates a header before any of the payload is read.
func (f *webSocketReader) check(head ws.Header) *Violation {
	state := ws.StateServerSide
	if f.opcode != 0 {
		state = state.Set(ws.StateFragmented)
	}
	rsv := head
	if f.rules.Compressed && (head.OpCode == ws.OpText || head.OpCode == ws.OpBinary) {
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
	if head.Length > int64(f.rules.MaxMessage-len(f.message)) {
		return TooBig(f.rules.MaxMessage)
	}
	return nil
}

func (r Rules) checkType(opcode Opcode) *Violation {
	text := ""
	switch {
	case opcode == ws.OpText && r.Types&Text == 0:
		text = "this subprotocol uses binary frames"
	case opcode == ws.OpBinary && r.Types&Binary == 0:
		text = "this subprotocol uses text frames"
	default:
		return nil
	}
	wrong := badFrame(text)
	wrong.Code = ws.StatusUnsupportedData
	return wrong
}

// control returns a control frame once it is complete in the buffer, which always has room for one.
func (f *webSocketReader) control() (Incoming, bool) {
	length := int(f.head.Length)
	if f.end-f.start < length {
		f.compact()
		return Incoming{}, false
	}
	payload := f.buf[f.start : f.start+length]
	ws.Cipher(payload, f.head.Mask, 0)
	f.start += length
	f.inFrame = false
	return Incoming{Opcode: f.head.OpCode, Payload: payload}, true
}

// data consumes the bytes of a data frame's payload that have arrived. A message that is complete in the buffer is
// returned without a copy.
func (f *webSocketReader) data() (message []byte, complete bool, wrong *Violation) {
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

// collect appends a part of a message. It makes room for the length that the frame announces, but never for more
// than has arrived already.
func (f *webSocketReader) collect(chunk []byte) {
	if need := len(f.message) + len(chunk); need > cap(f.message) {
		announced := f.head.Length - f.got // behind this chunk
		f.message = slices.Grow(f.message, len(chunk)+int(min(announced, int64(need))))
	}
	f.message = append(f.message, chunk...)
}

// finish returns a complete message, decompressed if RSV1 was set.
func (f *webSocketReader) finish(message []byte) (Incoming, *Violation) {
	in, deflate := Incoming{Opcode: f.opcode, Payload: message}, f.deflate
	f.opcode, f.deflate, f.message = 0, false, emptied(f.message)
	if !deflate {
		return in, nil
	}
	var wrong *Violation
	f.inflated, wrong = inflate(emptied(f.inflated), message, f.rules.MaxMessage)
	if wrong != nil {
		return Incoming{}, wrong
	}
	if in.Opcode == ws.OpText && !utf8.Valid(f.inflated) {
		return Incoming{}, badData("a text message is not valid UTF-8")
	}
	in.Payload = f.inflated
	return in, nil
}

// Interface guards.
var (
	_ Codec  = WebSocket{}
	_ Reader = (*webSocketReader)(nil)
)
