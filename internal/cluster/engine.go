package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// defaultMaxMemory bounds the memory that buckets may reserve. It is allocated as they fill, and their
	// content is small.
	defaultMaxMemory = 256 << 20
	// defaultMaxStore bounds the files of the store, so that they cannot fill the disk.
	defaultMaxStore = 1 << 30
	// storeTimeout bounds one operation whose context has no deadline. When all clients reconnect at once, their
	// logins queue for the disk: a shorter timeout would waste their tickets and make them come again. In 15 s
	// the disk takes more than 25,000 synced writes.
	storeTimeout = 15 * time.Second
)

// ErrStopped reports that the engine is not running: it has not been started, or was closed.
var ErrStopped = errors.New("the engine is not running")

// Options configure the engine. The zero value keeps all data in memory.
type Options struct {
	Dir       string // the engine's own folder, made if missing; "" keeps everything in memory
	MaxMemory int64  // bytes of buckets in memory; 0 is 256 MiB
	MaxStore  int64  // bytes of buckets on disk; 0 is 1 GiB
	Logger    *slog.Logger
}

// Engine is a connection to JetStream and the embedded server behind it.
type Engine struct {
	options Options
	log     *slog.Logger

	mu      sync.Mutex // serializes Start and Close, which block while they hold it; guards what follows
	buckets map[string]*Bucket
	guards  map[string]*ReplayGuard

	running atomic.Pointer[running] // nil: not running
}

// running is the part of an engine that exists between Start and Close.
type running struct {
	*connection
	server *embedded
}

// New returns an engine. It starts nothing.
func New(options Options) *Engine {
	if options.MaxMemory <= 0 {
		options.MaxMemory = defaultMaxMemory
	}
	if options.MaxStore <= 0 {
		options.MaxStore = defaultMaxStore
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	return &Engine{options: options, log: options.Logger, buckets: make(map[string]*Bucket), guards: make(map[string]*ReplayGuard)}
}

// Start starts the embedded server, connects to it, and opens the declared buckets and guards. ctx bounds the start
// only: the engine runs until Close.
func (e *Engine) Start(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running.Load() != nil {
		return errors.New("start the engine: it is running already")
	}
	r, err := e.start(ctx)
	if err != nil {
		return fmt.Errorf("start the engine: %w", err)
	}
	if err := e.openAll(ctx, r); err != nil {
		e.closeAll()
		r.stop()
		return fmt.Errorf("start the engine: %w", err)
	}
	e.running.Store(r)
	return nil
}

func (e *Engine) start(ctx context.Context) (*running, error) {
	server, err := embed(ctx, e.options)
	if err != nil {
		return nil, err
	}
	connection, err := connect(server.address(), e.log)
	if err != nil {
		server.stop()
		return nil, err
	}
	return &running{connection, server}, nil
}

func (r *running) stop() {
	r.close()
	r.server.stop()
}

func (e *Engine) openAll(ctx context.Context, r *running) error {
	for _, b := range e.buckets {
		if err := b.open(ctx, r.stream, e.storage()); err != nil {
			return err
		}
	}
	for _, o := range e.guards {
		if err := e.openGuard(ctx, r, o); err != nil {
			return err
		}
	}
	return nil
}

// openGuard opens a guard on a stream. Without a data folder the guard needs none: the stream would end with the
// process, and no other process could read it.
func (e *Engine) openGuard(ctx context.Context, r *running, o *ReplayGuard) error {
	if e.options.Dir == "" {
		return o.open(ctx, nil)
	}
	j, err := openStream(ctx, r.stream, o.options)
	if err != nil {
		return err
	}
	if err := o.open(ctx, j); err != nil {
		e.log.Warn("the log of used ids cannot be read; new ids are refused until it can", "error", err)
	}
	return nil
}

func (e *Engine) closeAll() {
	for _, b := range e.buckets {
		b.close()
	}
	for _, o := range e.guards {
		o.close()
	}
}

// Close stops the engine and waits until its goroutines have ended and its files are closed. The engine may be
// started again.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.running.Swap(nil)
	if r == nil {
		return nil
	}
	e.closeAll()
	r.stop()
	return nil
}

// Healthy returns nil if the store answers a request.
func (e *Engine) Healthy(ctx context.Context) error {
	r := e.running.Load()
	if r == nil {
		return ErrStopped
	}
	if _, err := r.stream.AccountInfo(ctx); err != nil {
		return fmt.Errorf("ask the store: %w", err)
	}
	return nil
}

func (e *Engine) storage() jetstream.StorageType {
	if e.options.Dir == "" {
		return jetstream.MemoryStorage
	}
	return jetstream.FileStorage
}
