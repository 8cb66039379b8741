package journal

import "time"

// awake is the clock of a log that is read. It goes on only as far as records of one writer show, so it leaves out the
// time in which no server ran, and steps of the clock of the day. Idempotency keys are as old as this clock says: a
// retry after a restart is found, whatever the clock of the day has become.
type awake struct {
	writer uint64
	at     time.Time     // of the last record, by the clock of the day
	last   time.Time     // the same by this clock
	left   time.Duration // out
}

// see reads the time of a record.
func (a *awake) see(h *header) {
	if !a.at.IsZero() && h.writer != a.writer {
		a.left += h.at.Sub(a.at)
	}
	a.writer, a.at, a.last = h.writer, h.at, a.of(h.at)
}

// of returns a time of the writer of the last record by this clock.
func (a *awake) of(at time.Time) time.Time { return at.Add(-a.left) }

// goOn sets the times of the keys that were read: the last record is from now.
func (j *Journal) goOn(last time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := time.Now()
	for k := range j.keys.all() {
		k.at = now.Add(-max(0, last.Sub(k.at)))
	}
}
