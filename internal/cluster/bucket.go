package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
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
	engine  *Engine
	options BucketOptions
	values  []*Value // guarded by the engine's mu

	mu       sync.Mutex    // guards what follows
	store    bucketStore   // nil while the engine is not running
	attached chan struct{} // closed when store changes
}

// bucketStore holds the values of a bucket. Its keys are encoded, and its errors are those of a bucket.
type bucketStore interface {
	create(ctx context.Context, key string, value []byte) (revision uint64, err error)
	get(ctx context.Context, key string) (value []byte, revision uint64, err error)
	put(ctx context.Context, key string, value []byte) (revision uint64, err error)
	update(ctx context.Context, key string, value []byte, revision uint64) (now uint64, err error)
	remove(ctx context.Context, key string) error
	// watch calls see as [Bucket.Watch] does, and returns when ctx ends or when the store is closed.
	watch(ctx context.Context, key string, see func(Entry)) error
	close() // ends watches
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
	return declare(e, e.buckets, options.Name, &Bucket{engine: e, options: options, attached: make(chan struct{})})
}

// attach gives the bucket a store, in place of the one before.
func (b *Bucket) attach(store bucketStore) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.store != nil {
		b.store.close()
	}
	b.store = store
	close(b.attached)
	b.attached = make(chan struct{})
}

func (b *Bucket) close() { b.attach(nil) }

// current returns the store, and a channel that is closed when the bucket gets another one.
func (b *Bucket) current() (store bucketStore, replaced <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.store, b.attached
}

// use returns the store and the key in its stored form.
func (b *Bucket) use(key string) (bucketStore, string, error) {
	store, _ := b.current()
	if store == nil {
		return nil, "", ErrStopped
	}
	encoded, err := encodeKey(key)
	return store, encoded, err
}

// Create stores a value for a key that has none, and returns its revision. Of several concurrent calls, on all nodes,
// one succeeds; the others get [ErrExists].
func (b *Bucket) Create(ctx context.Context, key string, value []byte) (revision uint64, err error) {
	store, encoded, err := b.use(key)
	if err == nil {
		revision, err = store.create(ctx, encoded, value)
	}
	return revision, b.failed("create", err)
}

// Get returns the value of a key, or [ErrNotFound].
func (b *Bucket) Get(ctx context.Context, key string) (Entry, error) {
	store, encoded, err := b.use(key)
	if err != nil {
		return Entry{}, b.failed("get", err)
	}
	value, revision, err := store.get(ctx, encoded)
	if err != nil {
		return Entry{}, b.failed("get", err)
	}
	return Entry{Key: key, Value: value, Revision: revision}, nil
}

// Put stores a value, replacing any other, and returns its revision.
func (b *Bucket) Put(ctx context.Context, key string, value []byte) (revision uint64, err error) {
	store, encoded, err := b.use(key)
	if err == nil {
		revision, err = store.put(ctx, encoded, value)
	}
	return revision, b.failed("put", err)
}

// Update stores a value if the key still has that revision, else it returns [ErrConflict].
func (b *Bucket) Update(ctx context.Context, key string, value []byte, revision uint64) (now uint64, err error) {
	store, encoded, err := b.use(key)
	if err == nil {
		now, err = store.update(ctx, encoded, value, revision)
	}
	return now, b.failed("update", err)
}

// Delete removes a key. Removing a key that does not exist is no error.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	store, encoded, err := b.use(key)
	if err == nil {
		err = store.remove(ctx, encoded)
	}
	return b.failed("delete", err)
}

// Watch calls see with the present state of the key, if it exists, and then with every change, in order and one at a
// time. After the store was reopened, see gets the present state again. Watch returns nil when ctx ends, and an error
// when the engine closes.
func (b *Bucket) Watch(ctx context.Context, key string, see func(Entry)) error {
	encoded, err := encodeKey(key)
	if err != nil {
		return b.failed("watch", err)
	}
	for {
		store, replaced := b.current()
		if store == nil {
			return b.failed("watch", ErrStopped)
		}
		watching, cancel := context.WithCancel(ctx)
		err := store.watch(watching, encoded, func(e Entry) {
			e.Key = key
			see(e)
		})
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !errors.Is(err, errStoreClosed) {
			return b.failed("watch", err)
		}
		select { // the engine closes, or reopens the store
		case <-replaced:
		case <-ctx.Done():
			return nil
		}
	}
}

// errStoreClosed reports that a watch has ended with its store.
var errStoreClosed = errors.New("the store was closed")

// failed names the step and the bucket of an error.
func (b *Bucket) failed(step string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s in the bucket %q: %w", step, b.options.Name, err)
}
