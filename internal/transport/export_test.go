package transport

import (
	"net/http"
	"unsafe"

	"github.com/gobwas/ws"
)

// BytesOfConn is how large a connection's own object is.
const BytesOfConn = unsafe.Sizeof(conn{})

// FrameReader lets tests feed the frame reader with bytes of their choice, without a connection.
type FrameReader struct{ in *webSocketReader }

// NewFrameReader makes one for text and binary frames.
func NewFrameReader(maxMessage int, compressed bool) *FrameReader {
	return &FrameReader{getWebSocketReader(frameRules{
		maxMessage: maxMessage, frames: TextFrames | BinaryFrames, compressed: compressed,
	})}
}

// Feed gives the reader bytes, as many at a time as it has room for, and calls each for what is
// complete. It reports the code of the violation that ended it, or 0.
func (f *FrameReader) Feed(b []byte, each func(opcode byte, payload []byte)) ws.StatusCode {
	return feed(f.in, b, each)
}

func feed(r frameReader, b []byte, each func(opcode byte, payload []byte)) ws.StatusCode {
	for len(b) > 0 {
		n := copy(r.space(), b)
		r.filled(n)
		b = b[n:]
		for {
			in, complete, wrong := r.next()
			if wrong != nil {
				return wrong.code
			}
			if !complete {
				break
			}
			each(byte(in.opcode), in.payload)
		}
	}
	return 0
}

// Held is how many bytes of a message are held.
func (f *FrameReader) Held() int { return cap(f.in.message) }

// Rests reports whether nothing is partial.
func (f *FrameReader) Rests() bool { return f.in.idle() }

// AnswerExtensions gives the answer to an offer of extensions.
func AnswerExtensions(offer string) (answer string, wellFormed bool) {
	agreed, wellFormed := agreeOnExtension(http.Header{"Sec-Websocket-Extensions": {offer}})
	return agreed.answer, wellFormed
}

// RawReader lets tests feed the reader of RawSocket.
type RawReader struct{ in *rawSocketReader }

// NewRawReader makes one.
func NewRawReader(maxMessage int) *RawReader {
	return &RawReader{rawSocketCodec{}.get(frameRules{maxMessage: maxMessage}).(*rawSocketReader)}
}

// Feed is as that of [FrameReader].
func (r *RawReader) Feed(b []byte, each func(opcode byte, payload []byte)) ws.StatusCode {
	return feed(r.in, b, each)
}

// Held is how many bytes of a message are held.
func (r *RawReader) Held() int { return cap(r.in.message) }

// SplitBatch gives the messages of a batch, until take reports an error.
func SplitBatch(json bool, batch []byte, take func(message []byte) error) error {
	if json {
		return separated.split(batch, take)
	}
	return prefixed.split(batch, take)
}

// Batch makes a batch of one.
func Batch(json bool, message []byte) []byte {
	if json {
		return batchFraming{batching: separated}.batch(nil, message)
	}
	return batchFraming{batching: prefixed}.batch(nil, message)
}
