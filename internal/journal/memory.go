package journal

import (
	"cmp"
	"context"
	"sync"

	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// DefaultTopics bounds the topics of which publications are kept.
	DefaultTopics = 10_000
	// DefaultBytes bounds the memory for what is kept.
	DefaultBytes = 64 << 20
)

// Options bound a journal. Zero means the default.
type Options struct {
	Topics int // over either limit the contract that takes the most loses the topic that was silent for the longest
	Bytes  int
}

// Memory is a journal in memory. It never blocks for long and never fails. Safe for concurrent use.
type Memory struct {
	options Options

	mu      sync.Mutex // guards what follows; no lock is taken under it
	logs    map[wamp.URI]*topicLog
	shares  map[string]*share // by contract
	history map[wamp.ID]*item // what is in a history, by the id of the publication
	last    uint64            // the last sequence number
	bytes   int
	dropped uint64
}

// item is an entry with its place in the order of appending, which is one order over all topics.
type item struct {
	*publication.Entry
	sequence uint64
	size     int
}

// New returns an empty journal.
func New(options Options) *Memory {
	options.Topics = cmp.Or(options.Topics, DefaultTopics)
	options.Bytes = cmp.Or(options.Bytes, DefaultBytes)
	return &Memory{
		options: options,
		logs:    make(map[wamp.URI]*topicLog), shares: make(map[string]*share), history: make(map[wamp.ID]*item),
	}
}

// Append implements [publication.Journal].
func (m *Memory) Append(_ context.Context, placements []publication.Placement) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range placements {
		m.appendLocked(p)
	}
	return nil
}

func (m *Memory) appendLocked(p publication.Placement) {
	m.last++
	added := &item{Entry: p.Entry, sequence: m.last, size: p.Entry.Size()}
	log := m.logs[p.Entry.Topic]
	if log == nil {
		log = &topicLog{topic: p.Entry.Topic}
		m.logs[log.topic] = log
	}
	m.placeLocked(log, p.Contract)
	before := log.bytes
	if p.Retain {
		log.retain(added)
	}
	if p.History > 0 {
		m.forgetLocked(log.surplus(p.History))
		log.append(added, p.History)
		m.history[added.Publication] = added
	}
	log.share.bytes += log.bytes - before
	m.bytes += log.bytes - before
	m.shrinkLocked()
}

// forgetLocked takes items that are no longer in a history from the index.
func (m *Memory) forgetLocked(items []*item) {
	for _, old := range items {
		if m.history[old.Publication] == old {
			delete(m.history, old.Publication)
		}
	}
}

// Stats implements [publication.Journal].
func (m *Memory) Stats() publication.JournalStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return publication.JournalStats{Topics: len(m.logs), Bytes: m.bytes, Dropped: m.dropped}
}

var _ publication.Journal = (*Memory)(nil)
