package journal

import (
	"cmp"
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// DefaultTopics bounds the topics of which publications are kept.
	DefaultTopics = 100_000
	// DefaultBytes bounds the memory for what is kept.
	DefaultBytes = 64 << 20
	// DefaultKeys bounds the idempotency keys that are known.
	DefaultKeys = 100_000
	// DefaultKeysFor is how long an idempotency key is known.
	DefaultKeysFor = 15 * time.Minute
	// DefaultLogBytes bounds the log.
	DefaultLogBytes = 1 << 30
)

// Options bound a journal. Zero means the default.
type Options struct {
	Topics  int // over either limit the contract that takes the most loses the topic that was silent for the longest
	Bytes   int
	Keys    int // over it the publisher with the most keys loses its oldest one
	KeysFor time.Duration

	Log      Log   // has what outlives the process; nil: nothing does
	LogBytes int64 // of the log; over it publications are refused
	Logger   *slog.Logger
}

// Journal keeps publications in memory. It implements [publication.Journal].
type Journal struct {
	options Options

	turn    sync.Mutex // held while publications are appended; taken before mu
	written *written   // nil: there is no log. turn guards what is in it

	mu      sync.RWMutex // guards what follows; no lock is taken under it
	epoch   string
	last    uint64 // the last Seq
	holes   []hole // below it
	logs    map[wamp.URI]*topicLog
	shares  map[string]*share // by contract
	history map[wamp.ID]*item // what a query of the history may name, by the id of the publication
	tail    []slot            // of all topics in their order; some are empty
	empty   int               // slots of tail
	floor   uint64            // the highest floor of all topics, and of those that were given up
	given   uint64            // the highest floor of the topics that were given up
	keys    keys
	bytes   int
	dropped uint64
}

// item is an entry in the index.
type item struct {
	*publication.Entry
	kept time.Time // with the reading of the monotonic clock, so that a step of the clock expires nothing
	size int
}

// slot is the place of an item in the order of all topics. It is empty once the item is in no topic any more.
type slot struct {
	seq uint64
	*item
}

// New returns an empty journal in memory.
func New(options Options) *Journal {
	options.Topics = cmp.Or(options.Topics, DefaultTopics)
	options.Bytes = cmp.Or(options.Bytes, DefaultBytes)
	options.Keys = cmp.Or(options.Keys, DefaultKeys)
	options.KeysFor = cmp.Or(options.KeysFor, DefaultKeysFor)
	options.LogBytes = cmp.Or(options.LogBytes, DefaultLogBytes)
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	j := &Journal{
		options: options, epoch: newEpoch(),
		logs: make(map[wamp.URI]*topicLog), shares: make(map[string]*share), history: make(map[wamp.ID]*item),
		keys: newKeys(options.Keys, options.KeysFor),
	}
	if options.Log != nil {
		j.written = newWritten(options.Log, options.LogBytes)
	}
	return j
}

// newEpoch returns the name of a new order.
func newEpoch() string { return rand.Text()[:12] }

// Append implements [publication.Journal].
func (j *Journal) Append(ctx context.Context, placements []publication.Placement) ([]publication.Outcome, error) {
	j.turn.Lock()
	defer j.turn.Unlock()
	outcomes, stored := j.plan(placements)
	seqs, err := j.number(ctx, stored)
	if err != nil {
		return nil, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	now := time.Now()
	for i, p := range stored {
		j.last = seqs[i]
		p.Entry.Seq = seqs[i]
		if p.IdempotencyKey != "" {
			j.keys.add(keyOf(p), p.Entry.Publication, now)
		}
		j.addLocked(p, now)
	}
	return outcomes, nil
}

// addLocked adds a publication whose Seq is set to the index.
func (j *Journal) addLocked(p *publication.Placement, now time.Time) {
	if p.Keep.Last == 0 {
		return
	}
	added := &item{Entry: p.Entry, kept: now, size: p.Entry.Size()}
	log := j.logs[p.Entry.Topic]
	if log == nil {
		log = &topicLog{topic: p.Entry.Topic, floor: j.given}
		j.logs[log.topic] = log
	}
	j.placeLocked(log, p.Contract)
	before := log.bytes
	j.forgetLocked(log.add(added, p.Keep, now))
	j.tail = append(j.tail, slot{added.Seq, added})
	if !added.Filter.ForSingleSessions() { // WAMP, "Event History"
		j.history[added.Publication] = added
	}
	j.countLocked(log, before)
	j.shrinkLocked()
}

// countLocked counts the bytes of a log that had some before.
func (j *Journal) countLocked(log *topicLog, before int) {
	log.share.bytes += log.bytes - before
	j.bytes += log.bytes - before
	j.floor = max(j.floor, log.floor)
}

// forgetLocked takes items that are no longer in a topic from the index.
func (j *Journal) forgetLocked(items []*item) {
	for _, old := range items {
		after(j.tail, old.Seq-1)[0].item = nil
		if j.history[old.Publication] == old {
			delete(j.history, old.Publication)
		}
	}
	if j.empty += len(items); j.empty < 1024 || j.empty < len(j.tail)/2 {
		return
	}
	rest := make([]slot, 0, len(j.tail)-j.empty)
	for _, s := range j.tail {
		if s.item != nil {
			rest = append(rest, s)
		}
	}
	j.tail, j.empty = rest, 0
}

// Position implements [publication.Journal].
func (j *Journal) Position() publication.Position {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return publication.Position{Epoch: j.epoch, Seq: j.last}
}

// Stats implements [publication.Journal].
func (j *Journal) Stats() publication.JournalStats {
	j.mu.RLock()
	defer j.mu.RUnlock()
	s := publication.JournalStats{Topics: len(j.logs), Bytes: j.bytes, Dropped: j.dropped}
	if j.written != nil {
		s.Written, s.Read = j.written.appended.Load(), j.written.read.Load()
		s.Stored, s.Compactions = j.written.bytes.Load(), j.written.compactions.Load()
	}
	return s
}

// sweepInterval is the time between two looks for what is over its time.
const sweepInterval = 10 * time.Second

// Run gives up what is over its time and compacts the log, until ctx ends.
func (j *Journal) Run(ctx context.Context) {
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	var full chan struct{}
	if j.written != nil {
		full = j.written.wake
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			j.sweep(time.Now())
			j.tidy(ctx)
		case <-full:
			j.tidy(ctx)
		}
	}
}

func (j *Journal) sweep(now time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.keys.expire(now)
	for _, log := range j.logs {
		before := log.bytes
		j.forgetLocked(log.expire(now))
		j.countLocked(log, before)
		if len(log.items) == 0 {
			j.removeLocked(log)
		}
	}
}

var _ publication.Journal = (*Journal)(nil)
