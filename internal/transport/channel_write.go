package transport

import (
	"slices"
	"strconv"

	"github.com/tidings-io/tidings/internal/router/outbox"
)

// channelWriter holds the state of the writer of a connection with channels. One goroutine at a time uses it.
type channelWriter struct {
	address []uint32   // of the line that was written last
	targets []uint32   // of the next packet
	ready   []*channel // those that are being taken from
	piece   [1][]byte
}

// Take implements [Conversation]. A packet that is the oldest of several channels is written once, for all of them.
func (m *channels) Take(dst [][]byte, maxBytes int) outbox.Taken {
	w := &m.writer
	out := outbox.Taken{Pieces: dst}
	m.mu.Lock()
	if m.closed != nil && len(m.lines) == 0 {
		out.Closed = m.closed
		m.mu.Unlock()
		return out
	}
	w.ready, m.ready = m.ready, w.ready[:0]
	for _, ch := range w.ready {
		ch.queued = false
		ch.told = ch.told || m.open[ch.number] != ch // the client has closed it
	}
	if len(m.lines) > 0 {
		out.Pieces, out.Frames = append(out.Pieces, m.lines...), len(m.lines)
		m.lines, w.address = nil, w.address[:0]
	}
	m.mu.Unlock()
	for i, ch := range w.ready {
		if ch.told {
			continue
		}
		if maxBytes > 0 {
			maxBytes = m.takeFrom(ch, w.ready[i+1:], &out, maxBytes)
		} else {
			m.requeue(ch)
		}
	}
	clear(w.ready)
	m.mu.Lock()
	defer m.mu.Unlock()
	out.More = len(m.ready) > 0 || len(m.lines) > 0 || m.closed != nil
	return out
}

// takeFrom takes from a channel until nothing is left, or the bytes are used up. The channels behind it give the
// packets that they have in common with it.
func (m *channels) takeFrom(ch *channel, behind []*channel, out *outbox.Taken, maxBytes int) (left int) {
	w := &m.writer
	for maxBytes > 0 {
		taken := ch.client.Outbox().Take(w.piece[:0], 1)
		if len(taken.Pieces) == 0 {
			if taken.Closed != nil {
				ch.told = true
				out.Pieces = append(out.Pieces, m.closeLine(ch.number, *taken.Closed))
				out.Frames++
				ch.ended(taken.Closed.Reason)
			}
			return maxBytes
		}
		piece := taken.Pieces[0]
		w.targets = append(w.targets[:0], ch.number)
		for _, other := range behind {
			if !other.told && other.client.Outbox().TakeSame(piece) {
				w.targets = append(w.targets, other.number)
			}
		}
		m.writeAddress(out)
		out.Pieces = append(out.Pieces, piece)
		out.Frames += taken.Frames
		maxBytes -= len(piece)
	}
	m.requeue(ch)
	return maxBytes
}

// writeAddress writes a line with the targets, unless the line before it had the same.
func (m *channels) writeAddress(out *outbox.Taken) {
	w := &m.writer
	if slices.Equal(w.address, w.targets) {
		return
	}
	w.address = append(w.address[:0], w.targets...)
	line := make([]byte, 0, 16)
	for i, number := range w.targets {
		if i > 0 {
			line = append(line, ',')
		}
		line = strconv.AppendUint(line, uint64(number), 10)
	}
	out.Pieces = append(out.Pieces, m.frame(string(line)))
	out.Frames++
}

// requeue puts a channel behind those that have become ready.
func (m *channels) requeue(ch *channel) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !ch.queued {
		ch.queued = true
		m.ready = append(m.ready, ch)
	}
}
