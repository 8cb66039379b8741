package cluster

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// entryBytes is more than an entry of one digest takes in a file, so that the bound of the guard is met before
	// that of the stream.
	entryBytes = 128
	// readAhead is the number of entries that the engine sends ahead.
	readAhead = 1000
)

// stream is a [logStore] in JetStream. It drops entries that are older than the TTL.
type stream struct {
	js      jetstream.JetStream
	stream  jetstream.Stream
	subject string
}

func openStream(ctx context.Context, js jetstream.JetStream, options ReplayGuardOptions) (*stream, error) {
	subject := "once." + options.Name
	opened, err := js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name:     "ONCE_" + options.Name,
		Subjects: []string{subject},
		Storage:  jetstream.FileStorage,
		MaxAge:   options.TTL,
		MaxBytes: int64(options.Most) * entryBytes,
		Discard:  jetstream.DiscardNew,
	})
	if err != nil {
		return nil, fmt.Errorf("open the log of used ids %q: %w", options.Name, err)
	}
	return &stream{js, opened, subject}, nil
}

func (s *stream) append(ctx context.Context, digests []byte) (sequence uint64, err error) {
	ack, err := s.js.Publish(ctx, s.subject, digests)
	if err != nil {
		return 0, fmt.Errorf("write to the log of used ids: %w", err)
	}
	return ack.Sequence, nil
}

// read reads the entries with a consumer of its own. It is needed at the start, and when several nodes write.
func (s *stream) read(ctx context.Context, from, to uint64, see func(entry) error) error {
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
	for n := uint64(1); ; n++ {
		e, err := next(messages, n)
		if err != nil {
			return fmt.Errorf("read the log of used ids: %w", err)
		}
		if e.sequence >= to {
			return nil
		}
		if err := see(e); err != nil {
			return err
		}
	}
}

// next returns the next message of a consumer, which must be its nth: a lost message would let a ticket be used
// twice.
func next(messages jetstream.MessagesContext, n uint64) (entry, error) {
	message, err := messages.Next(jetstream.NextMaxWait(storeTimeout))
	if err != nil {
		return entry{}, err
	}
	about, err := message.Metadata()
	if err != nil {
		return entry{}, err
	}
	if about.Sequence.Consumer != n {
		return entry{}, fmt.Errorf("message %d came as number %d", n, about.Sequence.Consumer)
	}
	return entry{sequence: about.Sequence.Stream, at: about.Timestamp, digests: message.Data()}, nil
}

var _ logStore = (*stream)(nil)
