package outbox

import "unsafe"

// Taken is the result of [Outbox.Take].
type Taken struct {
	Pieces [][]byte // each is one or more frames
	Frames int
	More   bool       // there is something left
	Closed *CloseInfo // not nil once no packet is left and none will come
}

// toldEvent is an event that was taken and has to be encoded with the number of skipped events.
type toldEvent struct {
	event   Told
	skipped uint64
	piece   int // its index in Taken.Pieces
}

// Take appends queued frames to dst, oldest first, until they exceed maxBytes, but at least one piece.
func (o *Outbox) Take(dst [][]byte, maxBytes int) Taken {
	bytes, frames := 0, 0
	var after []toldEvent
	o.mu.Lock()
	for o.frames > 0 {
		if p := o.thinning.due(); p != nil {
			if size := len(p.event.Frame); bytes > 0 && bytes+size > maxBytes {
				break
			}
			frame, skipped := o.popPendingLocked(p)
			if skipped.skipped > 0 && skipped.event != nil {
				skipped.piece = len(dst)
				after = append(after, skipped)
			}
			bytes += len(frame)
			frames++
			dst = append(dst, frame)
			continue
		}
		if bytes > 0 && bytes+len(o.peekLocked().bytes) > maxBytes {
			break
		}
		i := o.popLocked()
		bytes += len(i.bytes)
		frames += int(i.frames)
		dst = append(dst, i.bytes)
	}
	o.tellWaitingLocked()
	taken := Taken{Pieces: dst, Frames: frames, More: o.frames > 0}
	if !taken.More {
		taken.Closed = o.closed
	}
	o.emptiedLocked()
	o.mu.Unlock()
	for _, t := range after { // without the lock, because encoding takes time
		if frame := t.event.WithSkipped(t.skipped); frame != nil {
			dst[t.piece] = frame
		}
	}
	o.shared.Frames.Add(uint64(frames))
	o.shared.Bytes.Add(uint64(bytes))
	return taken
}

// TakeSame takes the oldest packet if its bytes are the same memory as the given ones: another outbox, from which they
// were taken, had the same packet. It reports whether it did. An event that waits alone is never the same.
func (o *Outbox) TakeSame(bytes []byte) bool {
	o.mu.Lock()
	var taken item
	if o.frames > 0 && o.thinning.due() == nil {
		if oldest := o.peekLocked().bytes; len(oldest) == len(bytes) && unsafe.SliceData(oldest) == unsafe.SliceData(bytes) {
			taken = o.popLocked()
			o.emptiedLocked()
		}
	}
	o.mu.Unlock()
	o.shared.Frames.Add(uint64(taken.frames))
	o.shared.Bytes.Add(uint64(len(taken.bytes)))
	return taken.frames > 0
}

// emptiedLocked notes that the client is no longer behind, if nothing is left. Caller must hold mu.
func (o *Outbox) emptiedLocked() {
	if o.frames == 0 {
		o.behind = 0
		o.thinning.caughtUp()
	}
}

// Len returns how many frames and bytes are queued.
func (o *Outbox) Len() (frames, bytes int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	waiting := o.lenLocked()
	return waiting.frames, waiting.bytes
}

// lenLocked is Len for a caller that holds mu.
func (o *Outbox) lenLocked() usage {
	waiting := usage{int(o.frames), o.bytes}
	if o.thinning != nil {
		waiting.frames += o.thinning.held.frames
		waiting.bytes += o.thinning.held.bytes
	}
	return waiting
}
