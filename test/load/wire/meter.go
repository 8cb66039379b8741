package wire

import (
	"encoding/binary"
	"fmt"
)

// messagePrefix is the beginning of the messages that count: their first four bytes under a mask.
type messagePrefix struct{ mask, value uint32 }

// frames is a Meter for WebSocket: each data frame is a message, and each message must begin like an event. It reads
// only headers and the four bytes after them.
type frames struct {
	opening    messagePrefix
	compressed bool // messages may be compressed, and then their beginning is not checked

	rest  int // bytes of the current frame that are still missing
	event int // 1 if that frame is an event, which counts when it is complete
	// cut is the beginning of a frame that was received in pieces and is not complete enough to be parsed.
	cut   []byte
	pongs []byte // pongs that are due
}

// Count implements Meter.
func (f *frames) Count(p []byte) (events int, err error) {
	if len(f.cut) > 0 {
		return f.countCut(p)
	}
	for len(p) > 0 {
		if f.rest > 0 {
			n := min(f.rest, len(p))
			p = p[n:]
			if f.rest -= n; f.rest == 0 {
				events += f.event
			}
			continue
		}
		n, rest := f.whole(p)
		if events, p = events+n, rest; len(p) == 0 {
			break
		}
		taken, err := f.frame(p)
		if err != nil {
			return events, err
		}
		if taken == 0 {
			f.cut = append(f.cut, p...)
			return events, nil
		}
		if p = p[taken:]; f.rest == 0 {
			events += f.event
		}
	}
	return events, nil
}

// whole counts the events at the beginning of p that are complete and uncompressed, as nearly all events are. It is a
// fast version of frame, which handles everything else.
func (f *frames) whole(p []byte) (events int, rest []byte) {
	for len(p) >= 8 && p[0]&(finalBit|compressedBit|0xC) == finalBit && p[0]&0xF != 0 {
		size, length := 2, int(p[1])
		if length == 126 {
			size, length = 4, int(p[2])<<8|int(p[3])
		}
		if p[1] > 126 || length < 4 || len(p) < size+length ||
			binary.BigEndian.Uint32(p[size:])&f.opening.mask != f.opening.value {
			break
		}
		events++
		p = p[size+length:]
	}
	return events, p
}

// countCut continues after a piece that ended inside the beginning of a frame.
func (f *frames) countCut(p []byte) (events int, err error) {
	for i := range p {
		f.cut = append(f.cut, p[i])
		taken, err := f.frame(f.cut)
		if err != nil {
			return 0, err
		}
		if taken == 0 {
			continue
		}
		f.cut = f.cut[:0]
		if f.rest == 0 {
			events = f.event
		}
		more, err := f.Count(p[i+1:])
		return events + more, err
	}
	return 0, nil
}

// frame parses the beginning of a frame and returns how many bytes it has consumed: 0 if it needs more.
func (f *frames) frame(p []byte) (taken int, err error) {
	h := parseHeader(p)
	if h.size == 0 {
		return 0, nil
	}
	f.event = 0
	if h.first&0x8 != 0 {
		return f.control(h, p)
	}
	if h.first&finalBit == 0 || h.first&0xF == 0 {
		return 0, fmt.Errorf("frame %#x: a message in fragments, which no server here sends", h.first)
	}
	if len(p)-h.size < min(4, h.length) {
		return 0, nil
	}
	if err := f.check(h, p[h.size:]); err != nil {
		return 0, err
	}
	f.event = 1
	taken = min(len(p), h.size+h.length)
	f.rest = h.size + h.length - taken
	return taken, nil
}

func (f *frames) check(h header, text []byte) error {
	if h.first&compressedBit != 0 {
		if !f.compressed {
			return fmt.Errorf("frame %#x: compressed, which was not agreed upon", h.first)
		}
		return nil
	}
	if h.length < 4 || binary.BigEndian.Uint32(text)&f.opening.mask != f.opening.value {
		return fmt.Errorf("got %q where an event was expected", text[:min(len(text), h.length, quoted)])
	}
	return nil
}

func (f *frames) control(h header, p []byte) (taken int, err error) {
	if len(p) < h.size+h.length {
		return 0, nil
	}
	payload := p[h.size : h.size+h.length]
	switch h.first & 0xF {
	case opClose:
		return 0, closed(payload)
	case opPing:
		f.pongs = appendFrame(f.pongs, opPong, payload)
	}
	return h.size + h.length, nil
}

// AppendAnswers implements Answerer.
func (f *frames) AppendAnswers(dst []byte) []byte {
	if len(f.pongs) > 0 {
		dst = append(dst, f.pongs...)
		f.pongs = nil
	}
	return dst
}

var (
	_ Meter    = (*frames)(nil)
	_ Answerer = (*frames)(nil)
)
