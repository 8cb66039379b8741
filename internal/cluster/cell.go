package cluster

import (
	"context"
	"errors"
)

// Cell is one value that nodes share: read, replaced only by who saw the latest, and watched.
type Cell struct {
	bucket *Bucket
	key    string
}

// Cell gives the cell at a key of the bucket.
func (b *Bucket) Cell(key string) *Cell { return &Cell{bucket: b, key: key} }

// Load gives the value and its version; version 0 says that there is none.
func (c *Cell) Load(ctx context.Context) (value []byte, version uint64, err error) {
	entry, err := c.bucket.Get(ctx, c.key)
	if errors.Is(err, ErrNotFound) {
		return nil, 0, nil
	}
	return entry.Value, entry.Revision, err
}

// Save replaces the value of the version, 0 for none, and gives the new version. saved is false
// when somebody else was faster: load again.
func (c *Cell) Save(ctx context.Context, value []byte, version uint64) (now uint64, saved bool, err error) {
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

// Watch calls see with the value, if there is one, and with every later one, until the context ends.
func (c *Cell) Watch(ctx context.Context, see func(value []byte, version uint64)) error {
	return c.bucket.Watch(ctx, c.key, func(e Entry) {
		if !e.Deleted {
			see(e.Value, e.Revision)
		}
	})
}
