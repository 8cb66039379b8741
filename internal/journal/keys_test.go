package journal_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/journal"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// publisher publishes with idempotency keys of its own.
type publisher struct {
	*testing.T
	journal *journal.Journal
	name    string
}

// knows publishes with a key, and reports whether the journal knew it.
func (p publisher) knows(topic wamp.URI, key int) bool {
	p.Helper()
	outcomes, err := p.journal.Append(p.Context(), []publication.Placement{{
		Entry: &publication.Entry{Topic: topic, Publication: wamp.NewGlobalID()}, IdempotencyKey: fmt.Sprint(p.name, "\x00", key),
	}})
	if err != nil {
		p.Fatal(err)
	}
	return outcomes[0].Result == publication.Repeated
}

func TestAPublisherWithinItsShareLosesNoIdempotencyKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 30
		log := newRecordLog()
		j := openWithKeys(t, log, most)
		backend, flood := publisher{t, j, "key\x00shop"}, publisher{t, j, "user\x00\x00mallory"}
		for n := range most / 2 {
			backend.knows("order", n)
		}
		for n := range 10 * most {
			time.Sleep(time.Second)
			flood.knows(wamp.URI(fmt.Sprint("topic", n)), n) // also over many topics
		}
		for n := range most / 2 {
			if !backend.knows("order", n) {
				t.Errorf("the key %d is forgotten", n)
			}
		}
		if flood.knows("topic0", 0) {
			t.Error("the oldest key of the flood is known")
		}
		again := openWithKeys(t, log.copied(), most)
		if !(publisher{t, again, backend.name}).knows("order", 0) {
			t.Error("the first key is forgotten after a restart")
		}
		time.Sleep(16 * time.Minute)
		if backend.knows("order", 1) {
			t.Error("a key is known after its time")
		}
	})
}

func openWithKeys(t *testing.T, log journal.Log, most int) *journal.Journal {
	t.Helper()
	j := journal.New(journal.Options{Log: log, Keys: most})
	if err := j.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	return j
}
