package wire

import (
	"bytes"
	"errors"
	"fmt"
)

// stream is the Meter for Server-Sent Events in HTTP chunks. An event ends with an empty line.
type stream struct {
	size  int // of the chunk whose size is being read
	rest  int // bytes of the chunk that are still missing
	skip  int // bytes of the line end after a chunk
	where place

	inLine bool // the current line is not empty
	fields bool // the event has lines other than comments
}

// place is the position of the stream in HTTP.
type place uint8

const (
	inSize place = iota
	inChunk
	inResponse // the response to a publication, which is not read
)

var errEnded = errors.New("the hub ended the stream")

// Count implements Meter.
func (s *stream) Count(p []byte) (events int, err error) {
	for len(p) > 0 {
		switch s.where {
		case inResponse:
			return 0, nil
		case inSize:
			if err := s.sizeByte(p[0]); err != nil {
				return events, err
			}
			p = p[1:]
		case inChunk:
			n := min(s.rest, len(p))
			events += s.lines(p[:n])
			if s.rest -= n; s.rest == 0 {
				s.where, s.skip = inSize, len("\r\n")
			}
			p = p[n:]
		}
	}
	return events, nil
}

// sizeByte reads the size line before a chunk.
func (s *stream) sizeByte(b byte) error {
	if s.skip > 0 {
		s.skip--
		return nil
	}
	switch {
	case b >= '0' && b <= '9':
		s.size = s.size<<4 | int(b-'0')
	case b >= 'a' && b <= 'f':
		s.size = s.size<<4 | int(b-'a'+10)
	case b == '\r':
	case b == '\n' && s.size == 0:
		return errEnded
	case b == '\n':
		s.where, s.rest, s.size = inChunk, s.size, 0
	case b == 'H':
		s.where = inResponse
	default:
		return fmt.Errorf("got %q where the size of a chunk was expected", b)
	}
	return nil
}

func (s *stream) lines(p []byte) (events int) {
	for len(p) > 0 {
		end := bytes.IndexByte(p, '\n')
		if end != 0 && !s.inLine {
			s.inLine = true
			s.fields = s.fields || p[0] != ':'
		}
		if end < 0 {
			return events
		}
		if !s.inLine && s.fields {
			events++
			s.fields = false
		}
		s.inLine = false
		p = p[end+1:]
	}
	return events
}

var _ Meter = (*stream)(nil)
