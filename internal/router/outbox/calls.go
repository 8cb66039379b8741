package outbox

// PutCall queues a message of a call, if there is room for it. A source other than [AnySource] may use no more room
// than it leaves free: alone it fills half the outbox, and with n others each fills a part in n+2. So a session that
// floods does not keep other sessions out.
func (o *Outbox) PutCall(frame []byte, source Source) PutResult {
	o.mu.Lock()
	result := o.roomLocked(len(frame), source)
	if result != Queued {
		o.mu.Unlock()
		return result
	}
	o.pushCallLocked(frame, source)
	return Queued
}

// PutUrgent queues a message of a call beyond the limits. It is for INTERRUPT: that is short, and there are at most two
// of them for an INVOCATION, which had to find room.
func (o *Outbox) PutUrgent(frame []byte) PutResult {
	o.mu.Lock()
	if o.closed != nil {
		o.mu.Unlock()
		return Closed
	}
	o.pushCallLocked(frame, AnySource)
	return Queued
}

// pushCallLocked queues the frame, unlocks mu and wakes the transport. Caller must hold mu.
func (o *Outbox) pushCallLocked(frame []byte, source Source) {
	o.pushAndUnlock(item{bytes: frame, frames: 1, source: source})
	o.shared.Put.Add(int64(len(frame)))
}

// roomLocked returns [Queued] if a message of a call has room. Caller must hold mu.
func (o *Outbox) roomLocked(bytes int, source Source) PutResult {
	limits, waiting, calls := o.shared.limits(), o.usageLocked(), o.calls.usage()
	free := usage{limits.frames - waiting.frames, limits.bytes - waiting.bytes}
	switch {
	case o.closed != nil:
		return Closed
	case bytes > limits.bytes:
		return TooLarge
	case free.frames < 1 || free.bytes < bytes:
		return Full
	case source == AnySource, calls.frames < free.frames && calls.bytes+bytes <= free.bytes:
		return Queued
	}
	if used := o.usedLocked(source); used.frames < free.frames && used.bytes+bytes <= free.bytes {
		return Queued
	}
	return Full
}

// usedLocked counts the queued messages of a source. Caller must hold mu.
func (o *Outbox) usedLocked(source Source) (used usage) {
	count := func(i *item) {
		if i.source == source {
			used.frames++
			used.bytes += len(i.bytes)
		}
	}
	count(&o.first)
	for c := range o.chunksLocked {
		for at := c.start; at < c.end; at++ {
			count(&c.items[at])
		}
	}
	return used
}
