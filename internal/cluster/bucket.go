package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// The errors of a bucket.
var (
	ErrExists   = errors.New("the key exists already")
	ErrNotFound = errors.New("the key does not exist")
	ErrConflict = errors.New("the key was changed by another writer")
)

// defaultMaxBucket bounds a bucket that names no size.
const defaultMaxBucket = 16 << 20

// BucketOptions declares a bucket.
type BucketOptions struct {
	Name     string        // letters, digits, dashes, underscores
	TTL      time.Duration // how long a value lives; 0 is for ever
	MaxBytes int64         // over it writes are refused, no older value is dropped; 0 is 16 MiB
	MaxValue int32         // bytes of one value; 0 is no limit but MaxBytes
}

// Bucket is a set of keys and values that lives in the engine.
type Bucket struct {
	options BucketOptions
	store   atomic.Pointer[jetstream.KeyValue] // nil while the engine is not running
}

// Entry is one state of a key.
type Entry struct {
	Key      string
	Value    []byte
	Revision uint64 // grows with every change of the bucket
	Deleted  bool   // the key was deleted; there is no value
}

// Bucket declares a bucket. It works while the engine runs; a bucket declared on a running engine is opened by the
// next Start. Declaring a name again returns the same bucket.
func (e *Engine) Bucket(options BucketOptions) *Bucket {
	if options.MaxBytes <= 0 {
		options.MaxBytes = defaultMaxBucket
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if b, ok := e.buckets[options.Name]; ok {
		return b
	}
	b := &Bucket{options: options}
	e.buckets[options.Name] = b
	return b
}

func (b *Bucket) open(ctx context.Context, js jetstream.JetStream, storage jetstream.StorageType) error {
	store, err := js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket:       b.options.Name,
		TTL:          b.options.TTL,
		MaxBytes:     b.options.MaxBytes,
		MaxValueSize: b.options.MaxValue,
		Storage:      storage,
	})
	if err != nil {
		return fmt.Errorf("open the bucket %q: %w", b.options.Name, err)
	}
	b.store.Store(&store)
	return nil
}

func (b *Bucket) close() { b.store.Store(nil) }

// use returns the store and the key in its stored form.
func (b *Bucket) use(key string) (jetstream.KeyValue, string, error) {
	store := b.store.Load()
	if store == nil {
		return nil, "", ErrStopped
	}
	encoded, err := encodeKey(key)
	return *store, encoded, err
}

// Create stores a value for a key that has none, and returns its revision. Of several concurrent calls, on all nodes,
// one succeeds; the others get [ErrExists].
func (b *Bucket) Create(ctx context.Context, key string, value []byte) (revision uint64, err error) {
	store, encoded, err := b.use(key)
	if err == nil {
		revision, err = store.Create(ctx, encoded, value)
	}
	return revision, b.failed("create", err)
}

// Get returns the value of a key, or [ErrNotFound].
func (b *Bucket) Get(ctx context.Context, key string) (Entry, error) {
	store, encoded, err := b.use(key)
	if err != nil {
		return Entry{}, b.failed("get", err)
	}
	found, err := store.Get(ctx, encoded)
	if err != nil {
		return Entry{}, b.failed("get", err)
	}
	return Entry{Key: key, Value: found.Value(), Revision: found.Revision()}, nil
}

// Put stores a value, replacing any other, and returns its revision.
func (b *Bucket) Put(ctx context.Context, key string, value []byte) (revision uint64, err error) {
	store, encoded, err := b.use(key)
	if err == nil {
		revision, err = store.Put(ctx, encoded, value)
	}
	return revision, b.failed("put", err)
}

// Update stores a value if the key still has that revision, else it returns [ErrConflict].
func (b *Bucket) Update(ctx context.Context, key string, value []byte, revision uint64) (now uint64, err error) {
	store, encoded, err := b.use(key)
	if err == nil {
		now, err = store.Update(ctx, encoded, value, revision)
	}
	return now, b.failed("update", err)
}

// Delete removes a key. Removing a key that does not exist is no error.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	store, encoded, err := b.use(key)
	if err == nil {
		err = store.Purge(ctx, encoded)
	}
	return b.failed("delete", err)
}

// Watch calls see with the present state of the key, if it exists, and then with every change, in order and one at a
// time. It returns nil when ctx ends, and an error when the engine closes.
func (b *Bucket) Watch(ctx context.Context, key string, see func(Entry)) error {
	store, encoded, err := b.use(key)
	if err != nil {
		return b.failed("watch", err)
	}
	watcher, err := store.Watch(ctx, encoded)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return b.failed("watch", err)
	}
	defer func() { _ = watcher.Stop() }() // fails only when the connection has ended, and the watch with it
	for {
		select {
		case <-ctx.Done():
			return nil
		case found, ok := <-watcher.Updates():
			if !ok && ctx.Err() != nil { // ctx has ended, which closes the channel too
				return nil
			}
			if !ok {
				return b.failed("watch", ErrStopped)
			}
			if found == nil { // marks the end of the initial state
				continue
			}
			see(Entry{
				Key: key, Value: found.Value(), Revision: found.Revision(),
				Deleted: found.Operation() != jetstream.KeyValuePut,
			})
		}
	}
}

// failed translates an error of the store and names the step and the bucket.
func (b *Bucket) failed(step string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jetstream.ErrKeyRevisionMismatch):
		err = ErrConflict
	case errors.Is(err, jetstream.ErrKeyExists):
		err = ErrExists
	case errors.Is(err, jetstream.ErrKeyNotFound):
		err = ErrNotFound
	}
	return fmt.Errorf("%s in the bucket %q: %w", step, b.options.Name, err)
}
