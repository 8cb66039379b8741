// Package asynclog writes log lines without blocking the goroutines that log.
//
// Standard error is often a pipe. If its reader is slow, a write blocks; if its reader has ended, a write fails. A
// server must go on in both cases. So lines are queued in a bounded buffer, and one goroutine writes them. Lines that
// find the buffer full, and lines whose write fails, are dropped and counted. A line that says how many were lost
// follows as soon as lines can be written again.
//
// The package never retries a line, and starts no goroutine while there is nothing to write.
package asynclog

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// DefaultRoom is the default of [Options].Room: some 5,000 lines.
	DefaultRoom = 1 << 20
	// pieceBytes bounds one write. A pipe takes that much atomically, so lines stay whole if several processes
	// write to it.
	pieceBytes = 4 << 10
	// spareBytes bounds the buffer that is kept while nothing is written.
	spareBytes = 64 << 10
)

// Options configures a [Writer]. The zero value writes each line at once.
type Options struct {
	Room  int           // bytes that may wait to be written; 0 is DefaultRoom
	Delay time.Duration // how long lines wait for others, so that one write takes many
	// Lost writes a line to the writer that says how many lines were dropped. It is called when lines can be
	// written again. nil: nothing is written.
	Lost func(lines uint64)
}

// Writer is an [io.Writer] that never blocks and never fails. Safe for concurrent use.
type Writer struct {
	to      io.Writer
	options Options
	dropped atomic.Uint64 // since the start

	mu      sync.Mutex    // guards what follows; not held while writing
	queued  []byte        // whole lines
	spare   []byte        // an empty buffer to use again
	taken   int           // bytes of the buffer that is being written
	lost    uint64        // lines dropped since the last call of Lost
	failing bool          // the last write failed
	delayed bool          // a timer will begin the writing
	done    chan struct{} // closed when the goroutine that writes ends; nil: there is none
}

// New returns a writer to another one, such as standard error. It starts nothing.
func New(to io.Writer, options Options) *Writer {
	if options.Room <= 0 {
		options.Room = DefaultRoom
	}
	return &Writer{to: to, options: options}
}

// Write implements [io.Writer], for whole lines.
func (w *Writer) Write(lines []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.taken+len(w.queued)+len(lines) > w.options.Room {
		w.dropLocked(lines)
		return len(lines), nil
	}
	w.queued = append(w.queued, lines...)
	switch {
	case w.options.Delay == 0 || len(w.queued) >= pieceBytes:
		w.beginLocked()
	case !w.delayed && w.done == nil:
		w.delayed = true
		time.AfterFunc(w.options.Delay, w.Begin)
	}
	return len(lines), nil
}

// Begin makes the queued lines be written now, instead of after the delay.
func (w *Writer) Begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delayed = false
	w.beginLocked()
}

// beginLocked starts the goroutine that writes, unless it runs. Caller must hold mu.
func (w *Writer) beginLocked() {
	if w.done == nil && len(w.queued) > 0 {
		w.done = make(chan struct{})
		go w.drain()
	}
}

// drain writes until nothing is queued.
func (w *Writer) drain() {
	for {
		lines, lost := w.take()
		switch {
		case len(lines) > 0:
			w.write(lines)
		case lost > 0:
			w.options.Lost(lost)
		default:
			return
		}
	}
}

// take returns the queued lines, or the number of lines to report as lost. With neither, the goroutine must end.
func (w *Writer) take() (lines []byte, lost uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queued) > 0 {
		lines, w.queued, w.spare = w.queued, w.spare[:0], nil
		w.taken = len(lines)
		return lines, 0
	}
	if w.options.Lost != nil && w.lost > 0 && !w.failing {
		lost, w.lost = w.lost, 0
		return nil, lost
	}
	close(w.done)
	w.done = nil
	return nil, 0
}

// write writes lines piece by piece. Lines whose write fails are lost.
func (w *Writer) write(lines []byte) {
	for rest := lines; len(rest) > 0; {
		piece := firstLines(rest)
		rest = rest[len(piece):]
		_, err := w.to.Write(piece)
		w.wrote(piece, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if cap(lines) <= spareBytes {
		w.spare = lines[:0]
	}
}

func (w *Writer) wrote(piece []byte, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.taken -= len(piece)
	if w.failing = err != nil; w.failing {
		w.dropLocked(piece)
	}
}

// firstLines returns as many whole lines as fit into one piece, and at least one.
func firstLines(lines []byte) []byte {
	if len(lines) <= pieceBytes {
		return lines
	}
	if end := bytes.LastIndexByte(lines[:pieceBytes], '\n'); end >= 0 {
		return lines[:end+1]
	}
	if end := bytes.IndexByte(lines, '\n'); end >= 0 {
		return lines[:end+1]
	}
	return lines
}

// dropLocked counts lines as lost. Caller must hold mu.
func (w *Writer) dropLocked(lines []byte) {
	n := uint64(max(1, bytes.Count(lines, []byte("\n"))))
	w.lost += n
	w.dropped.Add(n)
}

// Dropped returns the number of lines that were dropped since the start.
func (w *Writer) Dropped() uint64 { return w.dropped.Load() }

// Flush waits until all lines are written, but at most for a time. It reports whether they are. Lines that another
// goroutine adds meanwhile count.
func (w *Writer) Flush(atMost time.Duration) bool {
	deadline := time.NewTimer(atMost)
	defer deadline.Stop()
	for {
		w.mu.Lock()
		w.beginLocked()
		done := w.done
		w.mu.Unlock()
		if done == nil {
			return true
		}
		select {
		case <-done:
		case <-deadline.C:
			return false
		}
	}
}
