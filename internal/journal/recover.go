package journal

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// startGap is the number of records whose numbers a start leaves out. A power failure may have taken so many from the
// end of the log, and a number that was lost is never given again.
const startGap = 1 << 20

// maxHoles bounds the holes that are remembered.
const maxHoles = 1000

// hole is a range of Seqs that a start has left out. Only publications that are lost may have had one between the two.
type hole struct{ after, before uint64 }

// Open reads the log. Without one there is nothing to do.
func (j *Journal) Open(ctx context.Context) error {
	if j.written == nil {
		return nil
	}
	j.turn.Lock()
	defer j.turn.Unlock()
	began, r := time.Now(), newReplay(j)
	if err := j.written.readFrom(ctx, 0, r.see); err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	known, found, err := j.written.log.Known(ctx)
	if err == nil {
		err = r.finish(known, found)
	}
	if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	j.sweep(time.Now())
	if err := j.admit(ctx); err != nil {
		j.options.Logger.Warn("publications that are kept are refused", "error", err)
	}
	s := j.Stats()
	j.options.Logger.Info("the journal was read", "records", r.records, "topics", s.Topics, "bytes", s.Bytes, "took", time.Since(began).String())
	return nil
}

// writeStart begins the part of the log that this process writes. Caller must hold turn.
func (j *Journal) writeStart(ctx context.Context) error {
	w := j.written
	s := start{epoch: j.epoch, fresh: w.fresh, offset: max(w.offset, behind(j.last, w.known)) + startGap}
	u, err := w.unit(startKind).coded(s.code)
	if err != nil {
		return err
	}
	if err := j.write(ctx, u); err != nil {
		return err
	}
	w.started = true
	j.started(u.numbers[0], s, j.last)
	return nil
}

// behind returns an offset with which the Seq of the next record is behind another one.
func behind(seq, number uint64) uint64 {
	if at := seq >> placeBits; at > number {
		return at - number
	}
	return 0
}

// started notes the start of a process behind a Seq. Caller must hold turn.
func (j *Journal) started(number uint64, s start, last uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.written.offset, j.written.fresh, j.epoch = s.offset, false, s.epoch
	if s.fresh {
		j.holes = nil
		return
	}
	if len(j.holes) == maxHoles {
		j.holes = slices.Delete(j.holes, 0, 1)
	}
	j.holes = append(j.holes, hole{last, (number + s.offset) << placeBits})
}

// inHole reports whether a Seq may have been that of a lost publication.
func (j *Journal) inHole(seq uint64) bool {
	return slices.ContainsFunc(j.holes, func(h hole) bool { return h.after < seq && seq < h.before })
}

// replay reads the records of a log into a journal.
//
// A log that was never trimmed begins with record 1, and each publication is added when it is read. What
// compactions have appended is left out then. Otherwise everything is collected until the end of a compaction: its
// pages come first, then the publications from its beginning on. If the process ended while the log was trimmed, there
// are records before the beginning: they count no more.
type replay struct {
	journal *Journal
	number  uint64 // of the last record; 0: none
	awake   awake
	records int
	parts   map[uint64]*unit // that are not complete, by writer
	held    *unit            // publications that their writer may have refused
	collect *collection      // nil: there is none
	damage  string           // what is missing of the present epoch; "": nothing
}

// collection has the units of a trimmed log, until the end of its compaction.
type collection struct {
	begin        uint64 // the number of the record where the compaction begins; 0: it is not there yet
	damage       string // what is missing before
	pages        page
	publications []*unit
	last         uint64 // the highest Seq that one of them may have
}

func newReplay(j *Journal) *replay { return &replay{journal: j, parts: make(map[uint64]*unit)} }

// see reads one record.
func (r *replay) see(number uint64, record []byte) error {
	r.records++
	r.journal.written.bytes.Add(int64(len(record) + recordBytes))
	h, body, err := readRecord(record)
	switch {
	case err == errRecord: //nolint:errorlint // another error ends the start
		r.lose(fmt.Sprintf("record %d %v", number, err))
		return nil
	case err != nil:
		return fmt.Errorf("record %d: %w", number, err)
	}
	if first := r.number == 0; first && number > 1 {
		r.collect = &collection{}
	} else if !first && number != r.number+1 {
		r.lose(fmt.Sprintf("the records %d to %d are missing", r.number+1, number-1))
	}
	r.number = number
	r.journal.written.known = number
	r.awake.see(&h)
	if u := r.join(number, &h, body); u != nil {
		return r.take(u)
	}
	return nil
}

func (r *replay) lose(damage string) {
	if r.damage == "" {
		r.damage = damage
	}
}

// join returns the unit that a record completes, or nil.
func (r *replay) join(number uint64, h *header, body []byte) *unit {
	u := r.parts[h.writer]
	switch {
	case h.more&goesOnFrom == 0:
		u = &unit{header: *h, awake: r.awake.last}
	case u == nil: // its first record is lost
		return nil
	}
	delete(r.parts, h.writer)
	u.body = append(u.body, body...)
	u.ends = append(u.ends, len(u.body))
	u.numbers = append(u.numbers, number)
	if h.more&goesOn != 0 {
		r.parts[h.writer] = u
		return nil
	}
	return u
}

// release adds the publications that are held, unless the next unit shows that their writer has refused them.
func (r *replay) release(next *unit) error {
	held := r.held
	r.held = nil
	if held == nil || next != nil && held.writer == next.writer && held.last() > next.known {
		return nil
	}
	return r.publications(held)
}

// take reads one unit.
func (r *replay) take(u *unit) error {
	if err := r.release(u); err != nil {
		return err
	}
	u.offset = r.journal.written.offset
	switch u.kind {
	case publicationsKind:
		if u.writer != r.journal.written.writer { // its own ones were refused
			r.held = u
		}
		return nil
	case startKind:
		return r.start(u)
	case beginKind, pageKind, endKind:
		if r.collect == nil {
			return nil
		}
		return r.compaction(u)
	}
	return fmt.Errorf("record %d: %w", u.numbers[0], &newerError{recordVersion + 1})
}
