package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

const (
	// MaxRecord bounds one record of a log, as the embedded server bounds a message.
	MaxRecord = 1 << 20
	// defaultMaxLog bounds a log that names no size.
	defaultMaxLog = 1 << 30
	// lazySync is how often the disk is told to write what lazy logs have.
	lazySync = time.Second
)

// ErrLogFull reports that a log has its maximum size.
var ErrLogFull = errors.New("it has its maximum size")

// LogOptions declare a log.
type LogOptions struct {
	Name     string // letters, digits, dashes, underscores
	MaxBytes int64  // over it records are refused, none is dropped; 0 is 1 GiB
	// Lazy acknowledges a record before it is on the disk: a crash of the process loses the last milliseconds, a power
	// failure up to two seconds. After both, Known finds nothing.
	Lazy bool
}

// Log holds records in the order in which they were appended. Their numbers only grow, and nodes share them. Safe for
// concurrent use.
type Log struct {
	options LogOptions
	stream  atomic.Pointer[recordStream] // nil while the engine is not running
}

// Log declares a log, which needs a data folder. It works while the engine runs; a log declared on a running engine is
// opened by the next Start. Declaring a name again returns the same log.
func (e *Engine) Log(options LogOptions) *Log {
	if options.MaxBytes <= 0 {
		options.MaxBytes = defaultMaxLog
	}
	return declare(e, e.logs, options.Name, &Log{options: options})
}

// Append stores a record behind all others and returns its number. After an error the record may be in the log or not.
func (l *Log) Append(ctx context.Context, record []byte) (number uint64, err error) {
	s := l.stream.Load()
	switch {
	case s == nil:
		err = ErrStopped
	case len(record) > MaxRecord:
		err = fmt.Errorf("a record of %d bytes is longer than %d", len(record), MaxRecord)
	default:
		number, err = s.append(ctx, record)
	}
	return number, l.failed("append to", err)
}

// Read calls see with the records from one number on, oldest first, up to the last one that there is now. It leaves out
// what cannot be read. It ends with the first error of see.
func (l *Log) Read(ctx context.Context, from uint64, see func(number uint64, record []byte) error) error {
	s := l.stream.Load()
	if s == nil {
		return l.failed("read", ErrStopped)
	}
	return l.failed("read", s.read(ctx, from, see))
}

// Trim forgets the records before a number.
func (l *Log) Trim(ctx context.Context, before uint64) error {
	s := l.stream.Load()
	if s == nil {
		return l.failed("trim", ErrStopped)
	}
	return l.failed("trim", s.trim(ctx, before))
}

// Known returns the number of the last record that was acknowledged: a log that ends before has lost its end. It is not
// found in a new log, where it is lost, and in a lazy log that was not closed.
func (l *Log) Known(context.Context) (number uint64, found bool, err error) {
	s := l.stream.Load()
	if s == nil {
		return 0, false, l.failed("read", ErrStopped)
	}
	number, found, err = s.known()
	return number, found, l.failed("read", err)
}

// Ready returns why Append would fail, or nil.
func (l *Log) Ready() error {
	s := l.stream.Load()
	if s == nil {
		return ErrStopped
	}
	return s.health.err()
}

// failed says in which log an operation failed.
func (l *Log) failed(step string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s the log %q: %w", step, l.options.Name, err)
}
