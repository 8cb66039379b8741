package transport

import (
	"slices"
	"strconv"
	"sync"

	"github.com/tidings-io/tidings/internal/router/outbox"
)

// channelScratch holds the slices that a flush of a connection with channels needs.
type channelScratch struct {
	targets []uint32 // of the next packet
	piece   [1][]byte
}

var channelScratches = sync.Pool{New: func() any { return new(channelScratch) }}

// Take implements [Conversation]. A packet that is the oldest of several channels is written once, for all of them.
func (m *channels) Take(dst [][]byte, maxBytes int) outbox.Taken {
	out := outbox.Taken{Pieces: dst}
	m.mu.Lock()
	if m.closed != nil && len(m.lines) == 0 {
		out.Closed = m.closed
		m.mu.Unlock()
		return out
	}
	ready := m.ready
	m.ready = nil
	for _, ch := range ready {
		ch.queued = false
		ch.told = ch.told || ch.closed // by the client
	}
	if len(m.lines) > 0 {
		out.Pieces, out.Frames = append(out.Pieces, m.lines...), len(m.lines)
		m.lines, m.address = nil, m.address[:0]
	}
	m.mu.Unlock()
	scratch := channelScratches.Get().(*channelScratch)
	for i, ch := range ready {
		if ch.told {
			continue
		}
		if maxBytes > 0 {
			maxBytes = m.takeFrom(ch, ready[i+1:], channelFlush{&out, scratch, maxBytes})
		} else {
			m.requeue(ch)
		}
	}
	scratch.piece[0] = nil
	channelScratches.Put(scratch)
	m.mu.Lock()
	defer m.mu.Unlock()
	out.More = len(m.ready) > 0 || len(m.lines) > 0 || m.closed != nil
	return out
}

// takeFrom takes from a channel until nothing is left, or the bytes are used up. The channels behind it give the
// packets that they have in common with it.
func (m *channels) takeFrom(ch *channel, behind []*channel, f channelFlush) (left int) {
	out := f.out
	for f.maxBytes > 0 {
		taken := ch.client.Outbox().Take(f.scratch.piece[:0], 1)
		if len(taken.Pieces) == 0 {
			if taken.Closed != nil {
				ch.told = true
				out.Pieces = append(out.Pieces, m.closeLine(ch.number, *taken.Closed))
				out.Frames++
				ch.ended(taken.Closed.Reason)
			}
			return f.maxBytes
		}
		piece := taken.Pieces[0]
		targets := append(f.scratch.targets[:0], ch.number)
		for _, other := range behind {
			if !other.told && other.client.Outbox().TakeSame(piece) {
				targets = append(targets, other.number)
			}
		}
		f.scratch.targets = targets
		m.writeAddress(out, targets)
		out.Pieces = append(out.Pieces, piece)
		out.Frames += taken.Frames
		f.maxBytes -= len(piece)
	}
	m.requeue(ch)
	return f.maxBytes
}

// channelFlush is one flush of a connection with channels.
type channelFlush struct {
	out      *outbox.Taken
	scratch  *channelScratch
	maxBytes int
}

// writeAddress writes a line with the targets, unless the line before it had the same.
func (m *channels) writeAddress(out *outbox.Taken, targets []uint32) {
	if slices.Equal(m.address, targets) {
		return
	}
	m.address = append(m.address[:0], targets...)
	line := make([]byte, 0, 16)
	for i, number := range targets {
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
