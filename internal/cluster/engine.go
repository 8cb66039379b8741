package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// defaultMaxMemory bounds what buckets may reserve in memory; it is used as they fill. What they
	// keep is small.
	defaultMaxMemory = 256 << 20
	// defaultMaxStore bounds the store's files, so that they cannot fill the disk that others use.
	defaultMaxStore = 1 << 30
	// startTimeout bounds waiting for the embedded server; it took 5 ms where this was measured,
	// and 230 ms with 200,000 stored subjects.
	startTimeout = 30 * time.Second
	// storeTimeout bounds one operation whose context has no deadline. When everybody reconnects at
	// once, logins queue for the disk: giving up early would spend their tickets for nothing and
	// make them come again. 15 s are 25,000 synced writes and more.
	storeTimeout = 15 * time.Second
	// reconnectWait is between two tries to get the in-process connection back.
	reconnectWait = 100 * time.Millisecond
)

// ErrStopped says that the engine has not been started or has been closed.
var ErrStopped = errors.New("the engine is not running")

// Options says where the engine keeps its data. The zero value keeps it in memory.
type Options struct {
	Dir       string // the engine's own folder, made if missing; "" keeps everything in memory
	MaxMemory int64  // bytes of buckets in memory; 0 is 256 MiB
	MaxStore  int64  // bytes of buckets on disk; 0 is 1 GiB
	Logger    *slog.Logger
}

// Engine is the embedded server and the connection to it.
type Engine struct {
	options Options
	log     *slog.Logger

	mu      sync.Mutex // serializes Start and Close, which wait under it, and guards what follows
	buckets map[string]*Bucket
	onces   map[string]*Once

	running atomic.Pointer[running] // nil: not running
}

// running is what exists between Start and Close.
type running struct {
	server *server.Server
	conn   *nats.Conn
	stream jetstream.JetStream
	undo   []func() // releases the folder, last first
}

// New makes an engine. It starts nothing.
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
	return &Engine{options: options, log: options.Logger, buckets: make(map[string]*Bucket), onces: make(map[string]*Once)}
}

// Start starts the server in this process and opens the buckets that have been declared. The
// context bounds the starting, not the life: that ends with Close.
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
		e.stop(r)
		return fmt.Errorf("start the engine: %w", err)
	}
	e.running.Store(r)
	return nil
}

func (e *Engine) openAll(ctx context.Context, r *running) error {
	for _, b := range e.buckets {
		if err := b.open(ctx, r.stream, e.storage()); err != nil {
			return err
		}
	}
	for _, o := range e.onces {
		if err := e.openOnce(ctx, r, o); err != nil {
			return err
		}
	}
	return nil
}

// openOnce gives it a journal, unless that would end with the process and nobody else could read it.
func (e *Engine) openOnce(ctx context.Context, r *running, o *Once) error {
	if e.options.Dir == "" {
		return o.open(ctx, nil)
	}
	j, err := openStream(ctx, r.stream, o.options)
	if err != nil {
		return err
	}
	if err := o.open(ctx, j); err != nil {
		e.log.Warn("what was spent cannot be read yet; until it can, nothing more is", "error", err)
	}
	return nil
}

func (e *Engine) closeAll() {
	for _, b := range e.buckets {
		b.close()
	}
	for _, o := range e.onces {
		o.close()
	}
}

func (e *Engine) start(ctx context.Context) (_ *running, err error) {
	r := &running{}
	defer func() {
		if err != nil {
			e.stop(r)
		}
	}()
	dir, err := e.folder(r)
	if err != nil {
		return nil, err
	}
	log := &serverLog{log: e.log}
	r.server, err = server.NewServer(e.serverOptions(dir))
	if err != nil {
		return nil, fmt.Errorf("configure the embedded server: %w", err)
	}
	r.server.SetLoggerV2(log, false, false, false)
	r.server.Start()
	if err := log.fatal(); err != nil {
		return nil, fmt.Errorf("open the store in %s: %w", dir, err)
	}
	wait := startTimeout
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline))
	}
	if !r.server.ReadyForConnections(wait) {
		return nil, fmt.Errorf("the embedded server was not ready after %s", wait)
	}
	if err := e.connect(r); err != nil {
		return nil, err
	}
	return r, nil
}

// folder makes and locks the folder of the store; without Options.Dir a temporary one, since the
// server wants a folder even when every bucket is in memory, and its own default is shared by all
// programs of the machine.
func (e *Engine) folder(r *running) (string, error) {
	if e.options.Dir == "" {
		dir, err := os.MkdirTemp("", "tidings-engine-")
		if err != nil {
			return "", fmt.Errorf("make a temporary folder: %w", err)
		}
		r.undo = append(r.undo, func() {
			if err := os.RemoveAll(dir); err != nil {
				e.log.Warn("cannot remove the engine's temporary folder", "dir", dir, "error", err)
			}
		})
		return dir, nil
	}
	if err := os.MkdirAll(e.options.Dir, 0o700); err != nil {
		return "", fmt.Errorf("make the data folder: %w", err)
	}
	unlock, err := lock(filepath.Join(e.options.Dir, "lock"))
	if err != nil {
		return "", fmt.Errorf("lock the data folder: %w", err)
	}
	r.undo = append(r.undo, unlock)
	return e.options.Dir, nil
}

func (e *Engine) serverOptions(dir string) *server.Options {
	return &server.Options{
		ServerName:             "tidings",
		DontListen:             true,
		NoSigs:                 true,
		DisableJetStreamBanner: true,
		JetStream:              true,
		JetStreamMaxMemory:     e.options.MaxMemory,
		JetStreamMaxStore:      e.options.MaxStore,
		StoreDir:               dir,
		// A spent ticket that a power cut brings back could be used again, and a maintenance that
		// is forgotten lets users in. It costs 0.2 to 0.6 ms a login (BenchmarkSpend).
		SyncAlways: e.options.Dir != "",
	}
}

func (e *Engine) connect(r *running) (err error) {
	r.conn, err = nats.Connect("",
		nats.InProcessServer(r.server),
		nats.Name("tidings"),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				e.log.Warn("the connection to the engine was lost", "error", err)
			}
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			e.log.Warn("the engine reported an error", "error", err)
		}),
	)
	if err != nil {
		return fmt.Errorf("connect to the embedded server: %w", err)
	}
	if r.stream, err = jetstream.New(r.conn, jetstream.WithDefaultTimeout(storeTimeout)); err != nil {
		return fmt.Errorf("reach the store: %w", err)
	}
	return nil
}

// Close ends the engine and waits until its goroutines have ended and its files are closed. It may
// be started again.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.running.Swap(nil)
	if r == nil {
		return nil
	}
	e.closeAll()
	e.stop(r)
	return nil
}

func (e *Engine) stop(r *running) {
	if r.conn != nil {
		r.conn.Close()
	}
	if r.server != nil {
		r.server.Shutdown()
		r.server.WaitForShutdown()
	}
	for i := len(r.undo) - 1; i >= 0; i-- {
		r.undo[i]()
	}
}

// Healthy asks the store for an answer; nil says that it gave one.
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
