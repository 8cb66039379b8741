package cluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// jetStore is a [bucketStore] in JetStream.
type jetStore struct {
	js     jetstream.JetStream
	config jetstream.KeyValueConfig
	kv     jetstream.KeyValue
	health *health
}

func openJetStore(ctx context.Context, js jetstream.JetStream, options BucketOptions, h *health) (*jetStore, error) {
	s := &jetStore{js: js, health: h, config: jetstream.KeyValueConfig{
		Bucket:       options.Name,
		TTL:          options.TTL,
		MaxBytes:     options.MaxBytes,
		MaxValueSize: options.MaxValue,
		Storage:      jetstream.FileStorage,
	}}
	var err error
	if s.kv, err = js.CreateOrUpdateKeyValue(ctx, s.config); err != nil {
		return nil, openFailed(fmt.Errorf("open the bucket %q: %w", options.Name, err))
	}
	return s, nil
}

// empty replaces the bucket by an empty one.
func (s *jetStore) empty(ctx context.Context) (err error) {
	err = s.js.DeleteKeyValue(ctx, s.config.Bucket)
	if err == nil || errors.Is(err, jetstream.ErrBucketNotFound) {
		s.kv, err = s.js.CreateKeyValue(ctx, s.config)
	}
	if err != nil {
		return fmt.Errorf("empty the bucket %q: %w", s.config.Bucket, err)
	}
	return nil
}

// openFailed marks the error of a stream that cannot be opened as damage, unless the server had no time to answer.
func openFailed(err error) error {
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return damaged(err)
	}
	return err
}

// close has no effect: watches end with the connection.
func (s *jetStore) close() {}

func (s *jetStore) create(ctx context.Context, key string, value []byte) (revision uint64, err error) {
	err = s.health.write(ctx, func(ctx context.Context) error {
		revision, err = s.kv.Create(ctx, key, value)
		return err
	})
	return revision, translate(err)
}

func (s *jetStore) get(ctx context.Context, key string) (value []byte, revision uint64, err error) {
	found, err := s.kv.Get(ctx, key)
	if err != nil {
		return nil, 0, translate(err)
	}
	return found.Value(), found.Revision(), nil
}

func (s *jetStore) put(ctx context.Context, key string, value []byte) (revision uint64, err error) {
	err = s.health.write(ctx, func(ctx context.Context) error {
		revision, err = s.kv.Put(ctx, key, value)
		return err
	})
	return revision, translate(err)
}

func (s *jetStore) update(ctx context.Context, key string, value []byte, revision uint64) (now uint64, err error) {
	err = s.health.write(ctx, func(ctx context.Context) error {
		now, err = s.kv.Update(ctx, key, value, revision)
		return err
	})
	return now, translate(err)
}

func (s *jetStore) remove(ctx context.Context, key string) error {
	return translate(s.health.write(ctx, func(ctx context.Context) error { return s.kv.Purge(ctx, key) }))
}

func (s *jetStore) watch(ctx context.Context, key string, see func(Entry)) error {
	watcher, err := s.kv.Watch(ctx, key)
	if err != nil {
		if s.health.err() != nil { // it is being reopened
			return errStoreClosed
		}
		return err
	}
	defer func() { _ = watcher.Stop() }() // fails only when the connection has ended, and the watch with it
	for {
		select {
		case <-ctx.Done():
			return nil
		case found, ok := <-watcher.Updates():
			if !ok {
				return errStoreClosed
			}
			if found != nil { // nil marks the end of the initial state
				see(Entry{Value: found.Value(), Revision: found.Revision(), Deleted: found.Operation() != jetstream.KeyValuePut})
			}
		}
	}
}

// translate returns the error of a bucket for one of the store.
func translate(err error) error {
	switch {
	case errors.Is(err, jetstream.ErrKeyRevisionMismatch):
		return ErrConflict
	case errors.Is(err, jetstream.ErrKeyExists):
		return ErrExists
	case errors.Is(err, jetstream.ErrKeyNotFound):
		return ErrNotFound
	}
	return err
}

var _ bucketStore = (*jetStore)(nil)
