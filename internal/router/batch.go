package router

import (
	"sync"
)

// A volley is publications of one client that came together and are delivered together. Those of one topic
// that follow one another are encoded once each, joined once, and put into each subscriber's outbox at
// once: a subscriber of a publisher in a hurry costs as much as one event, however many there are.
//
// It is held back only while its client's reader is at work on what it has read, which it would have
// delivered one by one otherwise: nobody waits for anything. Whatever else the client sends delivers
// it first.
type publishBatch struct {
	publications []Publication // of one topic or several, for who is subscribed
	bytes        int           // of their payloads
}

const (
	// maxBatchLength bounds how long the first of a volley waits for the last: some 50 microseconds.
	maxBatchLength = 64
	// maxBatchBytes keeps it from being a large part of anybody's outbox.
	maxBatchBytes = 32 << 10
)

var batchPool = sync.Pool{New: func() any { return new(publishBatch) }}

// enqueue puts a publication to the volley, and delivers one that is full.
func (c *Client) enqueue(p Publication) {
	if v := c.batch; v != nil && v.full() {
		c.flushBatch()
	}
	if c.batch == nil {
		c.batch = batchPool.Get().(*publishBatch)
	}
	c.batch.publications = append(c.batch.publications, p)
	c.batch.bytes += len(p.Payload.Args) + len(p.Payload.Kwargs)
}

func (v *publishBatch) full() bool {
	return len(v.publications) >= maxBatchLength || v.bytes >= maxBatchBytes
}

// Flush delivers what ReceiveMore has held back.
func (c *Client) Flush() {
	if c.batch != nil {
		c.recovered(c.flushBatch)
	}
}

func (c *Client) flushBatch() {
	v := c.batch
	if v == nil {
		return
	}
	c.batch = nil
	// Publications in a batch ask for no acknowledgement, so a failure of the journal is only counted and logged.
	_, _ = v.publications[0].Publisher.realm.publishAll(v.publications)
	clear(v.publications)
	v.publications, v.bytes = v.publications[:0], 0
	batchPool.Put(v)
}
