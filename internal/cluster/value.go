package cluster

import (
	"context"
	"errors"
)

// Value is one value that nodes share. It is replaced by compare-and-swap, and can be watched.
type Value struct {
	bucket *Bucket
	key    string
}

// Value returns the value at a key of the bucket.
func (b *Bucket) Value(key string) *Value { return &Value{bucket: b, key: key} }

// Load returns the value and its version. Version 0 means that there is none.
func (c *Value) Load(ctx context.Context) (value []byte, version uint64, err error) {
	entry, err := c.bucket.Get(ctx, c.key)
	if errors.Is(err, ErrNotFound) {
		return nil, 0, nil
	}
	return entry.Value, entry.Revision, err
}

// Save replaces the value of that version (0: no value yet) and returns the new version. saved is false if the value
// has another version by now: load it again.
func (c *Value) Save(ctx context.Context, value []byte, version uint64) (now uint64, saved bool, err error) {
	if version == 0 {
		now, err = c.bucket.Create(ctx, c.key, value)
	} else {
		now, err = c.bucket.Update(ctx, c.key, value, version)
	}
	if errors.Is(err, ErrExists) || errors.Is(err, ErrConflict) {
		return 0, false, nil
	}
	return now, err == nil, err
}

// Watch calls see with the value, if there is one, and with every later value, until ctx ends.
func (c *Value) Watch(ctx context.Context, see func(value []byte, version uint64)) error {
	return c.bucket.Watch(ctx, c.key, func(e Entry) {
		if !e.Deleted {
			see(e.Value, e.Revision)
		}
	})
}
