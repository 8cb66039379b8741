package router

import "sync"

// publishBatch holds publications of one client that were read together. Adjacent publications of one topic are
// encoded once each, joined once, and put into each outbox in one step, which costs about as much as one event.
//
// A batch waits only while the reader handles what it has already read, so no publication is delayed. It is flushed
// before any other message is handled.
type publishBatch struct {
	publications []Publication // of one or several topics, without lists of receivers
	bytes        int           // of their payloads
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
}

func (b *publishBatch) full() bool {
	return len(b.publications) >= maxBatchLength || b.bytes >= maxBatchBytes
}

// Flush delivers the publications that [Client.ReceiveBatched] has held back.
func (c *Client) Flush() {
	if c.batch != nil {
		c.runRecovered(c.flushBatch)
	}
}

func (c *Client) flushBatch() {
	b := c.batch
	if b == nil {
		return
	}
	c.batch = nil
	// Publications in a batch ask for no acknowledgement, so a failure of the journal is only counted and logged.
	_, _ = b.publications[0].Publisher.realm.publishAll(b.publications)
	clear(b.publications)
	b.publications, b.bytes = b.publications[:0], 0
	batchPool.Put(b)
}
