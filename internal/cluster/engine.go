package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// defaultMaxStore bounds the files of the store, so that they cannot fill the disk.
	defaultMaxStore = 1 << 30
	// storeTimeout bounds one operation whose context has no deadline.
	storeTimeout = 15 * time.Second
	// closeTimeout bounds the end of the embedded server, which waits for the disk.
	closeTimeout = 10 * time.Second
)

// ErrStopped reports that the engine is not running: it has not been started, or was closed.
var ErrStopped = errors.New("the engine is not running")

// Options configure the engine. The zero value keeps all data in memory.
type Options struct {
	Dir      string // the engine's own folder, made if missing; "" keeps everything in memory
	MaxStore int64  // bytes on disk, without logs; 0 is 1 GiB
	Repair   bool   // sets damaged files aside instead of refusing to start
	Logger   *slog.Logger

	syncEvery time.Duration // how often the disk is told to write what lazy logs have; 0: there is none
}

// Engine is a connection to JetStream and the embedded server behind it. Without a data folder it is neither: buckets
// and guards are in memory.
type Engine struct {
	options Options
	log     *slog.Logger

	mu         sync.Mutex // serializes Start, Close and reopening, which block while they hold it; guards what follows
	buckets    map[string]*Bucket
	guards     map[string]*ReplayGuard
	logs       map[string]*Log
	folder     *folder     // nil: in memory, or not running
	supervisor *supervisor // the same

	running atomic.Pointer[running] // nil: not running
}

// running is the part of an engine that exists between Start and Close, and that a repair replaces. In memory it has
// nothing.
type running struct {
	*connection
	health *health
	stop   func() <-chan struct{} // ends the connection and the server; the channel is closed at the end
}

// New returns an engine. It starts nothing.
func New(options Options) *Engine {
	if options.MaxStore <= 0 {
		options.MaxStore = defaultMaxStore
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	return &Engine{options: options, log: options.Logger, buckets: make(map[string]*Bucket), guards: make(map[string]*ReplayGuard), logs: make(map[string]*Log)}
}

// declare returns what was declared by that name. If nothing was, it declares made.
func declare[T any](e *Engine, declared map[string]*T, name string, made *T) *T {
	e.mu.Lock()
	defer e.mu.Unlock()
	if known, ok := declared[name]; ok {
		return known
	}
	declared[name] = made
	return made
}

// Start opens the declared buckets and guards. With a data folder it starts the embedded server and connects to it
// first. ctx bounds the start only: the engine runs until Close.
func (e *Engine) Start(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running.Load() != nil {
		return errors.New("start the engine: it is running already")
	}
	if e.options.Dir == "" {
		return e.startInMemoryLocked(ctx)
	}
	if err := e.startOnDiskLocked(ctx); err != nil {
		e.closeAllLocked()
		e.folder.close()
		e.folder = nil
		return fmt.Errorf("start the engine: %w", err)
	}
	e.supervisor = supervise(e, e.folder)
	return nil
}

func (e *Engine) startInMemoryLocked(ctx context.Context) error {
	for _, b := range e.buckets {
		b.attach(newMemoryStore(b.options))
	}
	for _, o := range e.guards {
		if err := o.open(ctx, nil); err != nil {
			return fmt.Errorf("start the engine: %w", err)
		}
	}
	e.running.Store(&running{})
	return nil
}

func (e *Engine) startOnDiskLocked(ctx context.Context) (err error) {
	if e.folder, err = openFolder(e.options.Dir); err != nil {
		return err
	}
	err = e.openLocked(ctx)
	if e.options.Repair {
		return e.repairLocked(ctx, err)
	}
	if isDamage(err) {
		return fmt.Errorf("%w. To set the damaged files aside and say what is lost, start once with: tidings serve --repair", err)
	}
	return err
}

// openLocked starts the embedded server, connects to it, and opens the buckets and guards. Caller must hold mu.
func (e *Engine) openLocked(ctx context.Context) error {
	if err := e.setBadStreamsAside(); err != nil {
		return err
	}
	r, err := e.connectLocked(ctx)
	if err != nil {
		return err
	}
	if err := e.openAllLocked(ctx, r); err != nil {
		r.health.fail(err) //nolint:errcheck // for what is open already
		return errors.Join(err, waitFor(r.stop(), closeTimeout))
	}
	e.running.Store(r)
	return nil
}

func (e *Engine) connectLocked(ctx context.Context) (*running, error) {
	h := newHealth(e.options.Dir, e.log)
	options := e.options
	for _, l := range e.logs {
		options.MaxStore += l.options.MaxBytes
		if l.options.Lazy {
			options.syncEvery = lazySync
		}
	}
	server, err := embed(ctx, options, h.look)
	if err != nil {
		return nil, err
	}
	connection, err := connect(server.address(), e.log)
	if err != nil {
		server.stop()
		return nil, err
	}
	return &running{connection, h, sync.OnceValue(func() <-chan struct{} {
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			connection.close()
			server.stop()
		}()
		return ended
	})}, nil
}

var errStuck = errors.New("the embedded server does not end, because the disk does not answer")

func waitFor(ended <-chan struct{}, atMost time.Duration) error {
	select {
	case <-ended:
		return nil
	case <-time.After(atMost):
		return errStuck
	}
}

func (e *Engine) openAllLocked(ctx context.Context, r *running) error {
	for _, b := range e.buckets {
		if err := e.openBucketLocked(ctx, r, b); err != nil {
			return err
		}
	}
	for _, o := range e.guards {
		if err := e.openGuard(ctx, r, o); err != nil {
			return err
		}
	}
	for _, l := range e.logs {
		s, err := openRecordStream(ctx, r, l.options, e.folder)
		if err != nil {
			return err
		}
		l.stream.Store(s)
	}
	return nil
}

// openBucketLocked opens a bucket, and restores the values that are lost. Caller must hold mu.
func (e *Engine) openBucketLocked(ctx context.Context, r *running, b *Bucket) error {
	store, err := openJetStore(ctx, r.stream, b.options, r.health)
	if err != nil {
		return err
	}
	if err := e.restoreLocked(ctx, store, b); err != nil {
		return err
	}
	b.attach(store)
	return nil
}

// openGuard opens a guard on a stream.
func (e *Engine) openGuard(ctx context.Context, r *running, o *ReplayGuard) error {
	s, err := openStream(ctx, r.stream, o.options, e.folder, r.health)
	if err != nil {
		return err
	}
	return o.open(ctx, s)
}

// closeAllLocked detaches everything from the store, and returns the streams of the logs. Caller must hold mu.
func (e *Engine) closeAllLocked() (logs []*recordStream) {
	for _, b := range e.buckets {
		b.close()
	}
	for _, o := range e.guards {
		o.close()
	}
	for _, l := range e.logs {
		if s := l.stream.Swap(nil); s != nil {
			logs = append(logs, s)
		}
	}
	return logs
}

// Close stops the engine and waits until its goroutines have ended and its files are closed. The engine may be
// started again. Close waits for a disk that does not answer for [closeTimeout] only.
func (e *Engine) Close() error {
	e.mu.Lock()
	s := e.supervisor
	e.mu.Unlock()
	if s != nil {
		s.stop() // takes mu while it reopens the store
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.running.Swap(nil)
	if r == nil {
		return nil
	}
	logs := e.closeAllLocked()
	if e.folder == nil {
		return nil
	}
	err := waitFor(r.stop(), closeTimeout)
	for _, l := range logs {
		if err == nil && r.health.err() == nil {
			err = l.seal(e.folder.dir)
		}
	}
	e.folder.close()
	e.folder, e.supervisor = nil, nil
	if err != nil {
		return fmt.Errorf("close the engine: %w", err)
	}
	return nil
}

// Healthy returns why the engine cannot be used, or nil. It finds out whether the store can be written to.
func (e *Engine) Healthy(ctx context.Context) error {
	r := e.running.Load()
	switch {
	case r == nil:
		return ErrStopped
	case r.health == nil:
		return nil
	}
	return r.health.fresh(ctx)
}

// Writable reports whether the store is not known to be broken.
func (e *Engine) Writable() bool {
	r := e.running.Load()
	return r != nil && r.health.err() == nil
}
