package journal

import (
	"time"

	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// plan decides which publications are stored. The others are those that were published before, or that are older than
// what was published of the same document. Caller must hold turn.
func (j *Journal) plan(placements []publication.Placement) (outcomes []publication.Outcome, stored []*publication.Placement) {
	outcomes = make([]publication.Outcome, len(placements))
	stored = make([]*publication.Placement, 0, len(placements))
	j.mu.RLock()
	defer j.mu.RUnlock()
	var pending pending
	for i := range placements {
		p := &placements[i]
		if outcomes[i] = j.outcomeLocked(p, &pending); outcomes[i].Result == publication.Stored {
			stored = append(stored, p)
			pending.add(p)
		}
	}
	return outcomes, stored
}

// outcomeLocked decides on one publication.
func (j *Journal) outcomeLocked(p *publication.Placement, before *pending) publication.Outcome {
	if p.IdempotencyKey != "" {
		key := keyOf(p)
		if id, repeated := before.keys[key]; repeated {
			return publication.Outcome{Result: publication.Repeated, Publication: id}
		}
		if used := j.keys.find(key, time.Now()); used != nil {
			return publication.Outcome{Result: publication.Repeated, Publication: used.publication}
		}
	}
	if p.Entry.Version == 0 || p.Keep.Last == 0 {
		return publication.Outcome{}
	}
	newest := before.versions[documentOf(p)]
	if log := j.logs[p.Entry.Topic]; log != nil {
		newest = max(newest, log.versionOf(p.Entry, p.Keep))
	}
	if p.Entry.Version <= newest {
		return publication.Outcome{Result: publication.Outdated, Version: newest}
	}
	return publication.Outcome{}
}

// pending has what the publications of one call bring, before they are in the index.
type pending struct {
	keys     map[string]wamp.ID
	versions map[document]int64
}

// document is one thing of which versions are published.
type document struct {
	topic wamp.URI
	key   string
}

func documentOf(p *publication.Placement) document {
	if !p.Keep.PerKey {
		return document{topic: p.Entry.Topic}
	}
	return document{p.Entry.Topic, p.Entry.Key}
}

func (n *pending) add(p *publication.Placement) {
	if p.IdempotencyKey != "" {
		if n.keys == nil {
			n.keys = make(map[string]wamp.ID)
		}
		n.keys[keyOf(p)] = p.Entry.Publication
	}
	if p.Entry.Version != 0 {
		if n.versions == nil {
			n.versions = make(map[document]int64)
		}
		n.versions[documentOf(p)] = p.Entry.Version
	}
}
