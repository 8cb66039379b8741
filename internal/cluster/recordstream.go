package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// recordStream is the stream in JetStream that holds a [Log].
type recordStream struct {
	*connection
	config     jetstream.StreamConfig
	health     *health
	checkpoint checkpointFile
	lazy       bool

	mu    sync.Mutex // guards what follows
	begun bool       // the checkpoint of a lazy log is gone
	mark  checkpoint // the last record that was acknowledged since the stream was opened
}

// recordConfig returns the configuration of the stream of a log. A lazy log has another stream than one that is not:
// JetStream does not change how a stream is persisted.
func recordConfig(options LogOptions) jetstream.StreamConfig {
	config := jetstream.StreamConfig{
		Name:        logPrefix + options.Name,
		Subjects:    []string{"log." + options.Name},
		Storage:     jetstream.FileStorage,
		MaxBytes:    options.MaxBytes,
		Discard:     jetstream.DiscardNew,
		AllowDirect: true,
	}
	if options.Lazy {
		config.Name += lazySuffix
		config.Subjects[0] += lazySuffix
		config.PersistMode = jetstream.AsyncPersistMode
	}
	return config
}

// The names of streams of logs.
const (
	logPrefix  = "LOG_"
	lazySuffix = "-lazy"
)

func openRecordStream(ctx context.Context, r *running, options LogOptions, f *folder) (*recordStream, error) {
	s := &recordStream{
		connection: r.connection, config: recordConfig(options), health: r.health,
		checkpoint: checkpointFile{f.path(options.Name + ".checkpoint")}, lazy: options.Lazy,
	}
	if err := s.convert(ctx, options); err != nil {
		return nil, err
	}
	if _, err := s.stream.CreateOrUpdateStream(ctx, s.config); err != nil {
		return nil, openFailed(fmt.Errorf("open the log %q: %w", options.Name, err))
	}
	return s, nil
}

// convert moves the records of a log that was declared with the other value of Lazy. They keep their numbers. If it
// ends early, the next start begins again.
func (s *recordStream) convert(ctx context.Context, options LogOptions) error {
	options.Lazy = !options.Lazy
	old := &recordStream{connection: s.connection, config: recordConfig(options)}
	first, last, err := old.bounds(ctx)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil
	}
	if err == nil {
		err = s.copyFrom(ctx, old, first, last)
	}
	if err == nil {
		err = s.stream.DeleteStream(ctx, old.config.Name)
	}
	if err != nil {
		return openFailed(fmt.Errorf("move the log %q to another way of syncing: %w", options.Name, err))
	}
	return nil
}

// copyFrom replaces the stream by a copy of another one. A record that is missing there becomes an empty one.
func (s *recordStream) copyFrom(ctx context.Context, old *recordStream, first, last uint64) error {
	if err := s.stream.DeleteStream(ctx, s.config.Name); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return err
	}
	config := s.config
	config.FirstSeq = first
	if _, err := s.stream.CreateStream(ctx, config); err != nil {
		return err
	}
	next := first
	fill := func(until uint64) error {
		for ; next < until; next++ {
			if _, err := s.stream.Publish(ctx, s.config.Subjects[0], nil); err != nil {
				return err
			}
		}
		return nil
	}
	err := old.read(ctx, first, func(number uint64, record []byte) error {
		if err := fill(number); err != nil {
			return err
		}
		next = number + 1
		_, err := s.stream.Publish(ctx, s.config.Subjects[0], record)
		return err
	})
	if err != nil {
		return err
	}
	return fill(last + 1)
}

// bounds returns the numbers of the first and the last record.
func (s *recordStream) bounds(ctx context.Context) (first, last uint64, err error) {
	stream, err := s.stream.Stream(ctx, s.config.Name)
	if err != nil {
		return 0, 0, err
	}
	state := stream.CachedInfo().State
	return state.FirstSeq, state.LastSeq, nil
}

// append stores a record and returns its number.
func (s *recordStream) append(ctx context.Context, record []byte) (number uint64, err error) {
	err = s.health.write(ctx, func(ctx context.Context) error {
		if err := s.begin(); err != nil {
			return err
		}
		ack, err := s.stream.Publish(ctx, s.config.Subjects[0], record)
		if err != nil {
			return err
		}
		number = ack.Sequence
		return s.acknowledged(number)
	})
	var api *jetstream.APIError
	if errors.As(err, &api) && api.ErrorCode == storeFailed {
		return 0, ErrLogFull
	}
	return number, err
}

// begin is called before each record.
func (s *recordStream) begin() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.lazy || s.begun {
		return nil
	}
	err := s.checkpoint.begin()
	s.begun = err == nil
	return err
}

// acknowledged notes how far the log has come, and saves it unless the log is lazy.
func (s *recordStream) acknowledged(number uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if number <= s.mark.last {
		return nil
	}
	s.mark.last, s.mark.at = number, time.Now()
	if s.lazy {
		return nil
	}
	return s.checkpoint.save(s.mark)
}

// known returns the number of the last record that was acknowledged.
func (s *recordStream) known() (number uint64, found bool, err error) {
	mark, found, err := s.checkpoint.load()
	if isDamage(err) {
		return 0, false, nil
	}
	return mark.last, found, err
}

// trim forgets the records before a number.
func (s *recordStream) trim(ctx context.Context, before uint64) error {
	if err := s.health.err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	stream, err := s.stream.Stream(ctx, s.config.Name)
	if err != nil {
		return err
	}
	return stream.Purge(ctx, jetstream.WithPurgeSequence(before))
}
