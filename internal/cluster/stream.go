package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// entryBytes is more than an entry of one digest takes in a file, so that the bound of the guard is met before
	// that of the stream.
	entryBytes = 144
	// readAhead is the number of entries that the engine sends ahead.
	readAhead = 1000
	// expirySlack is the least time before its expiry at which a missing entry counts as lost. JetStream has its own
	// clock for the entries that it drops.
	expirySlack = time.Second
)

// stream is a [logStore] in JetStream. It drops entries that are older than the TTL, and notices when others are
// missing.
//
// An entry has a digest of its own, consecutive sequence numbers, and the time of the entry before it, which shows
// whether that one may be gone already. What the last entry was, the checkpoint tells.
type stream struct {
	options    ReplayGuardOptions
	js         jetstream.JetStream
	stream     jetstream.Stream
	config     jetstream.StreamConfig
	subject    string
	health     *health
	log        *slog.Logger
	checkpoint checkpointFile
	mark       checkpoint // owned by the caller of append
}

func openStream(ctx context.Context, js jetstream.JetStream, options ReplayGuardOptions, f *folder, h *health) (*stream, error) {
	s := &stream{
		options: options, js: js, subject: "once." + options.Name, health: h, log: h.log.With("log", options.Name),
		checkpoint: checkpointFile{f.path(options.Name + ".checkpoint")},
	}
	s.config = jetstream.StreamConfig{
		Name:     "ONCE_" + options.Name,
		Subjects: []string{s.subject},
		Storage:  jetstream.FileStorage,
		MaxAge:   options.TTL,
		MaxBytes: int64(options.Most) * entryBytes,
		Discard:  jetstream.DiscardNew,
	}
	var err error
	if s.stream, err = js.CreateOrUpdateStream(ctx, s.config); err != nil {
		return nil, openFailed(fmt.Errorf("open the log of used ids %q: %w", options.Name, err))
	}
	return s, nil
}

// append implements [logStore].
func (s *stream) append(ctx context.Context, digests []byte) (sequence uint64, err error) {
	data := encodeEntry(digests, s.mark.at)
	err = s.health.write(ctx, func(ctx context.Context) error {
		ack, err := s.js.Publish(ctx, s.subject, data)
		if err != nil {
			return err
		}
		sequence = ack.Sequence
		s.mark.last, s.mark.at = sequence, time.Now()
		return s.checkpoint.save(s.mark)
	})
	if err != nil {
		return 0, fmt.Errorf("write to the log of used ids: %w", err)
	}
	return sequence, nil
}

// ready implements [logStore].
func (s *stream) ready() error { return s.health.err() }

// recover implements [logStore]. It reads the whole log.
func (s *stream) recover(ctx context.Context, see func(entry) error) (cutoff, error) {
	err := s.verify(ctx, see)
	if isDamage(err) {
		err = s.startAnew(ctx, err)
	}
	return s.mark.cutoff, err
}

// verify reads the log. It returns an error that [isDamage] if entries are missing that may not have expired.
func (s *stream) verify(ctx context.Context, see func(entry) error) error {
	info, err := s.stream.Info(ctx)
	if err != nil {
		return fmt.Errorf("read the log of used ids: %w", err)
	}
	last := info.State.LastSeq
	mark, found, err := s.checkpoint.load()
	switch {
	case err != nil:
		return err
	case !found && last == 0:
		return s.startFirst()
	case !found:
		return damaged(fmt.Errorf("%s is missing", s.checkpoint.path))
	case last < mark.last:
		return damaged(fmt.Errorf("the log of used ids ends at entry %d, but had %d", last, mark.last))
	}
	s.mark = mark
	if info.State.Msgs == 0 {
		if mark.last > 0 && !s.expired(mark.at) {
			return damaged(fmt.Errorf("the log of used ids is empty, but had entry %d at %s", mark.last, mark.at.Format(time.RFC3339)))
		}
		return nil
	}
	if _, err := s.stream.GetMsg(ctx, last); isRefusal(err) && !s.expired(mark.at) { // a consumer would wait for it
		return damaged(fmt.Errorf("entry %d of the log of used ids cannot be read: %w", last, err))
	}
	return s.readEntries(ctx, 1, last+1, func(e entry) error {
		s.mark.last, s.mark.at = e.sequence, e.at
		return see(e)
	})
}

// expired reports whether an entry of that time may have been dropped.
func (s *stream) expired(at time.Time) bool {
	return s.options.TTL > 0 && time.Until(at.Add(s.options.TTL)) < expirySlack
}

// startFirst begins the log of a folder that has none. The folder may be new, or it may have been lost. So ids that say
// that they were issued before are refused.
func (s *stream) startFirst() error {
	s.mark = checkpoint{cutoff: cutoff{before: time.Now().Truncate(time.Second)}}
	s.log.Info("the log of used ids is new: what was issued before this start is refused", "file", s.checkpoint.path)
	return s.checkpoint.save(s.mark)
}

// startAnew replaces a damaged log by an empty one.
func (s *stream) startAnew(ctx context.Context, damage error) (err error) {
	if err := s.js.DeleteStream(ctx, s.config.Name); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("replace the damaged log of used ids: %w", err)
	}
	if s.stream, err = s.js.CreateStream(ctx, s.config); err != nil {
		return fmt.Errorf("replace the damaged log of used ids: %w", err)
	}
	before := time.Now().Add(s.options.Skew)
	s.mark = checkpoint{cutoff: cutoff{before: before, unknown: true}}
	s.log.Warn("the log of used ids was damaged, and begins anew: what was issued before this start may have been used, and is refused",
		"until", before.Add(s.options.TTL).UTC().Format(time.RFC3339), "error", damage)
	return s.checkpoint.save(s.mark)
}

// read implements [logStore]. Damage breaks the store, until it has been opened again.
func (s *stream) read(ctx context.Context, from, to uint64, see func(entry) error) error {
	err := s.readEntries(ctx, from, to, see)
	if isDamage(err) {
		return s.health.fail(err)
	}
	return err
}

// readEntries reads with a consumer of its own. It is needed at the start, and when several nodes write.
func (s *stream) readEntries(ctx context.Context, from, to uint64, see func(entry) error) error {
	consumer, err := s.stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       from,
		AckPolicy:         jetstream.AckNonePolicy,
		MemoryStorage:     true,
		InactiveThreshold: storeTimeout, // removes the consumer if DeleteConsumer fails
	})
	if err != nil {
		return fmt.Errorf("read the log of used ids: %w", err)
	}
	defer func() { _ = s.stream.DeleteConsumer(ctx, consumer.CachedInfo().Name) }()
	messages, err := consumer.Messages(jetstream.PullMaxMessages(readAhead))
	if err != nil {
		return fmt.Errorf("read the log of used ids: %w", err)
	}
	defer messages.Stop()
	defer context.AfterFunc(ctx, messages.Stop)()
	first := true
	for expected := from; expected < to; expected++ {
		e, before, err := s.await(ctx, messages, expected)
		if err != nil {
			return fmt.Errorf("read the log of used ids: %w", err)
		}
		if e.sequence != expected && (!first || !s.expired(before)) {
			return damaged(fmt.Errorf("entry %d of the log of used ids follows before %d", e.sequence, expected))
		}
		if first = false; e.sequence >= to {
			return nil
		}
		expected = e.sequence
		if err := see(e); err != nil {
			return err
		}
	}
	return nil
}

// whyMissing returns why an entry has not come yet: because it is damaged, or because the store is slow ([errSlow]).
func (s *stream) whyMissing(ctx context.Context, sequence uint64) error {
	message, err := s.stream.GetMsg(ctx, sequence)
	var api *jetstream.APIError
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound) || errors.As(err, &api):
		return damaged(fmt.Errorf("entry %d of the log of used ids is missing: %w", sequence, err))
	case err == nil && message.Subject != s.subject: // no checksum covers the length of the subject
		return damaged(fmt.Errorf("entry %d of the log of used ids is not as it was written", sequence))
	case err == nil:
		err = errSlow
	}
	return fmt.Errorf("entry %d of the log of used ids: %w", sequence, err)
}

const (
	// readTimeout is how long an entry may take before the reader asks why, and readTries how often it asks.
	readTimeout = 2 * time.Second
	readTries   = 10
)

// await returns the next entry, and the time of the entry before it. A busy machine may take long for it.
func (s *stream) await(ctx context.Context, messages jetstream.MessagesContext, expected uint64) (e entry, before time.Time, err error) {
	for range readTries {
		e, before, err = s.next(messages)
		if !errors.Is(err, nats.ErrTimeout) {
			return e, before, err
		}
		if err = s.whyMissing(ctx, expected); !errors.Is(err, errSlow) {
			return entry{}, time.Time{}, err
		}
	}
	return entry{}, time.Time{}, err
}

// next returns the next entry, and the time of the entry before it.
func (s *stream) next(messages jetstream.MessagesContext) (e entry, before time.Time, err error) {
	message, err := messages.Next(jetstream.NextMaxWait(readTimeout))
	if err != nil {
		return entry{}, time.Time{}, err
	}
	about, err := message.Metadata()
	if err != nil {
		return entry{}, time.Time{}, err
	}
	digests, before, err := decodeEntry(message.Data())
	if err != nil {
		return entry{}, time.Time{}, fmt.Errorf("entry %d: %w", about.Sequence.Stream, err)
	}
	return entry{sequence: about.Sequence.Stream, at: about.Timestamp, digests: digests}, before, nil
}

var _ logStore = (*stream)(nil)
