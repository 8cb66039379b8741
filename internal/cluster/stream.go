package cluster

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// entryBytes is what an entry of one digest takes in a file, generously: the bound of the
	// journal is above that of what is remembered, so that the latter is met first.
	entryBytes = 128
	// readAhead is how many entries the engine sends before they are asked for.
	readAhead = 1000
)

// stream is a [journal] in JetStream. It drops entries when they are older than the lifetime.
type stream struct {
	js      jetstream.JetStream
	stream  jetstream.Stream
	subject string
}

func openStream(ctx context.Context, js jetstream.JetStream, options OnceOptions) (*stream, error) {
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
		return nil, fmt.Errorf("open the journal %q: %w", options.Name, err)
	}
	return &stream{js, opened, subject}, nil
}

func (s *stream) append(ctx context.Context, digests []byte) (place uint64, err error) {
	ack, err := s.js.Publish(ctx, s.subject, digests)
	if err != nil {
		return 0, fmt.Errorf("write into the journal: %w", err)
	}
	return ack.Sequence, nil
}

// read asks for the entries with a consumer of its own: it is needed at the start, and when nodes
// write by turns.
func (s *stream) read(ctx context.Context, from, to uint64, see func(entry) error) error {
	consumer, err := s.stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       from,
		AckPolicy:         jetstream.AckNonePolicy,
		MemoryStorage:     true,
		InactiveThreshold: storeTimeout, // it ends by itself if it cannot be removed
	})
	if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	defer func() { _ = s.stream.DeleteConsumer(ctx, consumer.CachedInfo().Name) }()
	messages, err := consumer.Messages(jetstream.PullMaxMessages(readAhead))
	if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	defer messages.Stop()
	defer context.AfterFunc(ctx, messages.Stop)()
	for n := uint64(1); ; n++ {
		e, err := next(messages, n)
		if err != nil {
			return fmt.Errorf("read the journal: %w", err)
		}
		if e.place >= to {
			return nil
		}
		if err := see(e); err != nil {
			return err
		}
	}
}

// next gives the next message of a consumer, which must be its nth: one that was lost on the way
// would let a ticket in twice.
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
	return entry{place: about.Sequence.Stream, at: about.Timestamp, digests: message.Data()}, nil
}

var _ journal = (*stream)(nil)
