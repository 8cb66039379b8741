package cluster

import (
	"context"
	"errors"
	"fmt"
)

// restoreLocked compares the values of a bucket with their copies. What is damaged or older is replaced by the other.
// A bucket that has lost a value is emptied first: it cannot be relied on. Caller must hold mu.
func (e *Engine) restoreLocked(ctx context.Context, store *jetStore, b *Bucket) error {
	copies := make(map[*Value]copied)
	lost := false
	for _, v := range b.values {
		c, bad, err := e.newest(ctx, store, v)
		if err != nil {
			return err
		}
		copies[v], lost = c, lost || bad
	}
	if !lost {
		return nil
	}
	if err := store.empty(ctx); err != nil {
		return err
	}
	for v, c := range copies {
		if c.revision == 0 {
			continue
		}
		key, err := encodeKey(v.key)
		if err != nil {
			return err
		}
		revision, err := store.put(ctx, key, c.value)
		if err != nil {
			return fmt.Errorf("restore %q in the bucket %q: %w", v.key, b.options.Name, err)
		}
		if err := e.copyOf(v).save(c.value, revision); err != nil {
			return err
		}
		e.log.Warn("a stored value was damaged, and has been restored from its copy", "bucket", b.options.Name, "key", v.key)
	}
	return nil
}

// newest returns the newest state of a value, which its copy has then. bad reports that the store does not have it.
func (e *Engine) newest(ctx context.Context, store *jetStore, v *Value) (c copied, bad bool, err error) {
	key, err := encodeKey(v.key)
	if err != nil {
		return copied{}, false, err
	}
	file := e.copyOf(v)
	c, copyErr := file.load()
	if copyErr != nil && !isDamage(copyErr) {
		return copied{}, false, copyErr
	}
	value, revision, err := store.get(ctx, key)
	if err != nil {
		revision = 0
	}
	switch {
	case copyErr != nil && revision == 0:
		return copied{}, false, fmt.Errorf("the value %q in the bucket %q is lost: %w", v.key, v.bucket.options.Name, copyErr)
	case err != nil && !errors.Is(err, ErrNotFound) && c.revision == 0:
		return copied{}, false, damaged(fmt.Errorf("read %q in the bucket %q: %w", v.key, v.bucket.options.Name, err))
	case revision < c.revision, revision == c.revision && string(value) != string(c.value):
		return c, true, nil
	case revision == c.revision:
		return c, false, nil
	}
	// The copy is older: the process ended before it was written. Or it is lost.
	if copyErr != nil || c.revision == 0 {
		e.log.Warn("the copy of a stored value was damaged or missing, and has been made again", "file", file.path)
	}
	return copied{value, revision}, false, file.save(value, revision)
}
