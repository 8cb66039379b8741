package router

import (
	"context"
	"sync"

	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// publishBatch holds publications of one client that were read together. Adjacent publications of one topic are
// encoded once each, joined once, and put into each outbox in one step, which costs about as much as one event.
//
// A batch waits only while the reader handles what it has already read, so no publication is delayed. It is flushed
// before any other message is handled.
type publishBatch struct {
	publications []Publication // of one or several topics, without lists of receivers
	bytes        int           // of their payloads
	answers      bool          // some of them are to be acknowledged
}

const (
	// maxBatchLength bounds the wait of the first publication for the last, to some 50 microseconds.
	maxBatchLength = 64
	// maxBatchBytes keeps a batch a small part of an outbox.
	maxBatchBytes = 32 << 10
)

var batchPool = sync.Pool{New: func() any { return new(publishBatch) }}

// enqueue adds a publication to the batch. It flushes a full batch first.
func (c *Client) enqueue(p Publication) {
	if c.batch != nil && c.batch.full() {
		c.flushBatch()
	}
	if c.batch == nil {
		c.batch = batchPool.Get().(*publishBatch)
	}
	c.batch.publications = append(c.batch.publications, p)
	c.batch.bytes += len(p.Payload.Args) + len(p.Payload.Kwargs)
	c.batch.answers = c.batch.answers || p.request != 0
}

// sharesAppend reports whether a PUBLISH may wait in the batch, so that publications that a client sends without
// waiting for each acknowledgement are stored together.
func (s *Session) sharesAppend(m *wamp.Publish) bool {
	return publication.OnlyKept(m.Options) && s.realm.keepOf(m.Topic).Last > 0
}

// publishShared adds a PUBLISH to the batch, which answers it.
func (s *Session) publishShared(ctx context.Context, m *wamp.Publish) error {
	p, err := s.publication(ctx, m)
	if err != nil {
		s.client.flushBatch() // the answer must not overtake those of the batch
		s.refusePublication(m, err)
		return nil
	}
	p.request = m.Request
	s.client.enqueue(p)
	return nil
}

func (b *publishBatch) full() bool {
	return len(b.publications) >= maxBatchLength || b.bytes >= maxBatchBytes
}

// Flush delivers the publications that [Client.ReceiveBatched] has held back. If it panics, a client that waits for an
// answer loses its connection.
func (c *Client) Flush() {
	if c.batch == nil {
		return
	}
	answers := c.batch.answers
	defer func() {
		switch fault := recover(); {
		case fault != nil && answers:
			c.handlePanic(fault)
		case fault != nil:
			c.logPanic(fault)
		}
	}()
	c.flushBatch()
}

func (c *Client) flushBatch() {
	b := c.batch
	if b == nil {
		return
	}
	c.batch = nil
	// A failure of the journal is counted and logged, and is in the answers to publications that ask for one.
	_, _ = b.publications[0].Publisher.realm.publishAll(b.publications)
	if b.answers {
		c.answerBatch(b)
	}
	clear(b.publications)
	*b = publishBatch{publications: b.publications[:0]}
	batchPool.Put(b)
}

// answerBatch answers the publications of a batch that ask for it, in their order.
func (c *Client) answerBatch(b *publishBatch) {
	for i := range b.publications {
		switch p := &b.publications[i]; {
		case p.request == 0:
		case p.refused != nil:
			p.Publisher.replyError(&wamp.Publish{Request: p.request}, p.refused)
		default:
			c.send(&wamp.Published{Request: p.request, Publication: p.ID})
		}
	}
}
