package journal

import (
	"time"

	"github.com/tidings-io/tidings/internal/router/publication"
)

// restore adds a publication that was stored at some time to the index, and its idempotency key with the time of awake.
func (j *Journal) restore(p *publication.Placement, at, awake time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if p.IdempotencyKey != "" {
		j.keys.add(keyOf(p), p.Entry.Publication, awake)
	}
	j.restoreLocked(p, at)
}

func (j *Journal) restoreLocked(p *publication.Placement, at time.Time) {
	if n := len(j.tail); n > 0 && p.Entry.Seq <= j.tail[n-1].seq {
		return // of a damaged log
	}
	if log := j.logs[p.Entry.Topic]; log != nil {
		p.Entry.Topic = log.topic // one text for all
	}
	j.last = max(j.last, p.Entry.Seq)
	j.addLocked(p, monotonic(at))
}

// monotonic returns a time with a reading of the monotonic clock. A time to come is taken for now.
func monotonic(at time.Time) time.Time {
	now := time.Now()
	return now.Add(-max(0, now.Round(0).Sub(at)))
}

// restorePages adds what the pages of a compaction have.
func (j *Journal) restorePages(p *page) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, k := range p.keys {
		j.keys.add(k.key, k.publication, k.at)
	}
	for i := range p.items {
		j.restoreLocked(&p.items[i].Placement, p.items[i].kept)
	}
}

// restoreFloors notes how far topics are complete, after the publications that came during the compaction: a topic all
// of whose items were replaced meanwhile is there only then.
func (j *Journal) restoreFloors(p *page) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, t := range p.topics {
		log := j.logs[t.topic]
		if log == nil {
			j.givenLocked(t.floor)
			continue
		}
		log.floor, log.version = max(log.floor, t.floor), max(log.version, t.version)
		j.floor = max(j.floor, log.floor)
	}
}

// giveUpTo notes that topics which are not there are incomplete up to a Seq.
func (j *Journal) giveUpTo(seq uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.givenLocked(seq)
}

func (j *Journal) givenLocked(seq uint64) {
	j.given = max(j.given, seq)
	j.floor = max(j.floor, j.given)
}

// beginAnew gives the order another name, so that the positions of before are answered with a gap.
func (j *Journal) beginAnew(damage string) {
	j.mu.Lock()
	j.epoch, j.holes = newEpoch(), nil
	j.mu.Unlock()
	j.written.fresh = true
	j.options.Logger.Warn("publications that were kept are lost: what can be read is there, and clients that come back are told to load anew",
		"reason", damage)
}
