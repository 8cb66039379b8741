package journal

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/router/publication"
)

// Log stores records in one order, which all nodes share. Its numbers only grow. Safe for concurrent use.
type Log interface {
	// Append stores a record behind all others and returns its number. After an error the record may be in the log or
	// not.
	Append(ctx context.Context, record []byte) (number uint64, err error)
	// Read calls see with the records from one number on, oldest first, up to the last one that there is. It leaves out
	// what cannot be read: the numbers show that. It ends with the first error of see.
	Read(ctx context.Context, from uint64, see func(number uint64, record []byte) error) error
	// Trim forgets the records before a number.
	Trim(ctx context.Context, before uint64) error
	// Known returns the number of the last record that was acknowledged: a log that ends before has lost its end. It is
	// not found in a new log, where it is lost, and where the process before may have lost acknowledged records.
	Known(ctx context.Context) (number uint64, found bool, err error)
	// Ready returns why Append would fail, or nil. It must not block.
	Ready() error
}

// recordBytes is about the space that a record takes in a log besides its content.
const recordBytes = 64

// written is the log of a journal, with the state of writing to it. The journal's turn guards it.
type written struct {
	log     Log
	writer  uint64
	known   uint64    // the number of the last record that was read or written
	offset  uint64    // is added to the numbers
	fresh   bool      // the epoch is a new one
	started bool      // the start of this process is in the log
	doubt   bool      // a record that was refused may be in the log behind the last known one
	at      time.Time // of the last unit
	least   int64     // bytes after the last compaction
	most    int64     // bytes of the log

	wake chan struct{} // asks for a compaction; holds one

	bytes          atomic.Int64  // of the records that are in the log; others may read it
	appended, read atomic.Uint64 // records
	compactions    atomic.Uint64
}

func newWritten(log Log, most int64) *written {
	return &written{log: log, writer: rand.Uint64(), fresh: true, most: most, wake: make(chan struct{}, 1)}
}

// number gives publications their Seq: the next ones, or where there is a log those of their places in it. They are in
// the log then. Caller must hold turn.
func (j *Journal) number(ctx context.Context, stored []*publication.Placement) (seqs []uint64, err error) {
	if j.written == nil {
		seqs = make([]uint64, len(stored))
		for i := range seqs {
			seqs[i] = j.last + uint64(i) + 1
		}
		return seqs, nil
	}
	if len(stored) == 0 {
		return nil, nil
	}
	if err := j.admit(ctx); err != nil {
		return nil, err
	}
	u := j.written.unit(publicationsKind)
	ends, err := u.fill(stored)
	if err != nil {
		return nil, err
	}
	if err := j.write(ctx, u); err != nil {
		return nil, err
	}
	return u.seqs(ends), nil
}

// readFrom calls see with the records from one number on, and counts them.
func (w *written) readFrom(ctx context.Context, from uint64, see func(number uint64, record []byte) error) error {
	return w.log.Read(ctx, from, func(number uint64, record []byte) error {
		w.read.Add(1)
		return see(number, record)
	})
}

// admit returns why no publication can be stored now, or nil.
func (j *Journal) admit(ctx context.Context) error {
	w := j.written
	if err := w.log.Ready(); err != nil {
		return err
	}
	if bytes, more := w.bytes.Load(), int64(j.liveBytes()); bytes+more > w.most {
		w.askForCompaction()
		return fmt.Errorf("the journal has %d bytes, and compacting it takes up to %d more: over the limit of %d (journal.bytes)",
			bytes, more, w.most)
	}
	if !w.started {
		return j.writeStart(ctx)
	}
	return nil
}

// liveBytes returns about how many bytes the live publications take in a log.
func (j *Journal) liveBytes() int {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.bytes
}

// unit begins a unit. After a step of the clock the process writes as another writer: a replay does not take the step
// for time that has passed.
func (w *written) unit(k kind) *unit {
	now := time.Now()
	if !w.at.IsZero() && !w.doubt && isStep(now.Round(0).Sub(w.at.Round(0)), now.Sub(w.at)) {
		w.writer = rand.Uint64()
	}
	w.at = now
	return &unit{header: header{kind: k, writer: w.writer, known: w.known, at: now}, offset: w.offset}
}

// isStep reports whether the clock of the day has stepped while so much time passed by the monotonic clock.
func isStep(byDay, byMonotonic time.Duration) bool { return (byDay - byMonotonic).Abs() > time.Second }

// fill codes publications as the body of a unit. It returns where each of them ends.
func (u *unit) fill(stored []*publication.Placement) (ends []int, err error) {
	c := coder{b: make([]byte, 0, 256*len(stored))}
	var before *publication.Placement
	for i, p := range stored {
		placement(&c, p, before)
		before = p
		if c.failed {
			return nil, fmt.Errorf("the details of the publication %d cannot be stored", p.Entry.Publication)
		}
		ends = append(ends, len(c.b))
		u.body = c.b
		u.cut((i+1)%maxPlaces == 0 || i+1 == len(stored))
	}
	return ends, nil
}

// coded sets the body of a unit to one value.
func (u *unit) coded(code func(*coder)) (*unit, error) {
	var c coder
	if code(&c); c.failed {
		return nil, errRecord
	}
	u.body = c.b
	u.cut(true)
	return u, nil
}

// write appends the records of a unit to the log, and reads what others have appended before it. Caller must hold turn.
func (j *Journal) write(ctx context.Context, u *unit) error {
	w := j.written
	w.doubt = true
	for i := range u.ends {
		record := u.record(i)
		number, err := w.log.Append(ctx, record)
		if err == nil && number <= w.known {
			err = j.endIsLost(number)
		}
		if err != nil {
			return fmt.Errorf("write to the journal: %w", err)
		}
		w.appended.Add(1)
		w.bytes.Add(int64(len(record) + recordBytes))
		u.numbers = append(u.numbers, number)
	}
	if u.last() != w.known+uint64(len(u.numbers)) {
		if err := j.readOthers(ctx, u); err != nil {
			return fmt.Errorf("read the journal: %w", err)
		}
	}
	u.offset = w.offset // as all readers of the log have it
	w.known, w.doubt = u.last(), false
	return nil
}

// endIsLost begins a new epoch where the log, reopened after a failure of the disk, goes on with numbers that it has
// given already. Caller must hold turn.
func (j *Journal) endIsLost(number uint64) error {
	err := fmt.Errorf("it ends at record %d, but had %d", number-1, j.written.known)
	j.written.known, j.written.started = number-1, false
	j.beginAnew(err.Error())
	return err
}

// readOthers reads the records between the last known one and those of a unit. They are of other nodes, or of this one
// and were refused. Caller must hold turn.
func (j *Journal) readOthers(ctx context.Context, u *unit) error {
	r := newReplay(j)
	r.number = j.written.known
	err := j.written.readFrom(ctx, r.number+1, func(number uint64, record []byte) error {
		if number >= u.numbers[0] {
			return nil
		}
		return r.see(number, record)
	})
	if err == nil {
		err = r.release(nil)
	}
	return err
}
