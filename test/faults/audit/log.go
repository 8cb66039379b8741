package audit

import (
	"sync"
	"sync/atomic"
)

// Log collects what publishers and subscribers saw. Its methods are safe for concurrent use.
type Log struct {
	tick atomic.Uint64

	mu           sync.Mutex // guards what follows
	publications []*Publication
	views        []*View
	stored       []*View // of what is kept, read after everything else
	damaged      uint64  // the tick of the last damage
}

// Tick returns the next moment.
func (l *Log) Tick() uint64 { return l.tick.Add(1) }

// Outcome is the knowledge of a publisher about a publication.
type Outcome uint8

// The outcomes. Only the last answer counts: a publication that was refused may be acknowledged when it is retried.
const (
	Unanswered   Outcome = iota // no answer came, or one that leaves open whether it is stored
	Acknowledged                // PUBLISHED, or HTTP 200
	Refused                     // an error that is certain: it is not stored
)

// Publication is one publication with all its tries. Only its publisher changes it.
type Publication struct {
	ID        int // the place in the log, which the payload carries
	Topic     string
	Publisher int

	// For reports whether a client may receive it, by the lists of receivers. nil: all may.
	For func(client int) bool

	log       *Log
	sent      uint64 // the tick of the first try; 0: not sent
	answered  uint64 // the tick of the acknowledgement
	outcome   Outcome
	reordered bool // a later one may precede it: an answer was no acknowledgement
}

// Publish adds a publication that is about to be sent.
func (l *Log) Publish(publisher int, topic string) *Publication {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := &Publication{ID: len(l.publications), Topic: topic, Publisher: publisher, log: l}
	l.publications = append(l.publications, p)
	return p
}

// Send marks a try.
func (p *Publication) Send() {
	if p.sent == 0 {
		p.sent = p.log.Tick()
	}
}

// Answer adds the answer to a try.
func (p *Publication) Answer(o Outcome) {
	p.outcome = o
	switch {
	case o != Acknowledged:
		p.reordered = true
	case p.answered == 0:
		p.answered = p.log.Tick()
	}
}

// View adds a subscription of a client. Matches reports whether the subscription covers a topic.
func (l *Log) View(client int, name string, matches func(topic string) bool) *View {
	v := &View{Client: client, Name: name, matches: matches, log: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.views = append(l.views, v)
	return v
}

// Reader is the number of the client that reads what is stored.
const Reader = -1

// isFor reports whether a client may receive the publication.
func (p *Publication) isFor(client int) bool { return p.For == nil || p.For(client) }

// Stored adds the view of a client that reads all that is kept of some topics, after the others have ended.
func (l *Log) Stored(name string, matches func(topic string) bool) *View {
	v := &View{Client: Reader, Name: name, matches: matches, log: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stored = append(l.stored, v)
	return v
}

// Damage says that the disk may have lost what was acknowledged so far. Clients have to be told.
func (l *Log) Damage() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.damaged = l.Tick()
}
