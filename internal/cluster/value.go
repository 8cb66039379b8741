package cluster

import (
	"context"
	"errors"
	"path/filepath"
)

// Value is one value that nodes share. It is replaced by compare-and-swap, and can be watched. With a data folder the
// value has a copy in a file of its own, from which it is restored if the store has lost it.
type Value struct {
	bucket *Bucket
	key    string
}

// Value returns the value at a key of the bucket. The value of a running engine has a copy after the next Start.
func (b *Bucket) Value(key string) *Value {
	b.engine.mu.Lock()
	defer b.engine.mu.Unlock()
	for _, v := range b.values {
		if v.key == key {
			return v
		}
	}
	v := &Value{bucket: b, key: key}
	b.values = append(b.values, v)
	return v
}

// Load returns the value and its version. Version 0 means that there is none.
func (v *Value) Load(ctx context.Context) (value []byte, version uint64, err error) {
	entry, err := v.bucket.Get(ctx, v.key)
	if errors.Is(err, ErrNotFound) {
		return nil, 0, nil
	}
	return entry.Value, entry.Revision, err
}

// Save replaces the value of that version (0: no value yet) and returns the new version. saved is false if the value
// has another version by now: load it again. After an error the value may have been replaced or not.
func (v *Value) Save(ctx context.Context, value []byte, version uint64) (now uint64, saved bool, err error) {
	if version == 0 {
		now, err = v.bucket.Create(ctx, v.key, value)
	} else {
		now, err = v.bucket.Update(ctx, v.key, value, version)
	}
	if errors.Is(err, ErrExists) || errors.Is(err, ErrConflict) {
		return 0, false, nil
	}
	if err == nil {
		err = v.bucket.engine.saveCopy(ctx, v, value, now)
	}
	return now, err == nil, err
}

// Watch calls see with the value, if there is one, and with every later value, until ctx ends.
func (v *Value) Watch(ctx context.Context, see func(value []byte, version uint64)) error {
	return v.bucket.Watch(ctx, v.key, func(e Entry) {
		if !e.Deleted {
			see(e.Value, e.Revision)
		}
	})
}

// saveCopy stores the copy of a value. Without a data folder there is none.
func (e *Engine) saveCopy(ctx context.Context, v *Value, value []byte, revision uint64) error {
	r := e.running.Load()
	if r == nil {
		return ErrStopped
	}
	if r.health == nil {
		return nil
	}
	return r.health.write(ctx, func(context.Context) error { return e.copyOf(v).save(value, revision) })
}

func (e *Engine) copyOf(v *Value) copyFile {
	key, err := encodeKey(v.key)
	if err != nil {
		key = "invalid" // the bucket refuses the key, too
	}
	return copyFile{filepath.Join(e.options.Dir, v.bucket.options.Name+"."+key+".copy")}
}
