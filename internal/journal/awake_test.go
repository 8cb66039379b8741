package journal_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/journal"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// retry publishes with the idempotency key of the first publication, and reports whether the journal knows it.
func retry(t *testing.T, j *journal.Journal, id wamp.ID) (known bool) {
	t.Helper()
	p := publication.Placement{Entry: &publication.Entry{Topic: "a", Publication: id}, Keep: publication.Keep{Last: 10}, IdempotencyKey: "ann\x001"}
	outcomes, err := j.Append(t.Context(), []publication.Placement{p})
	if err != nil {
		t.Fatal(err)
	}
	return outcomes[0].Result == publication.Repeated
}

func TestAKeyIsAsOldAsTheServerHasRunSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newRecordLog()
		j := open(t, log)
		if retry(t, j, 1) {
			t.Fatal("the first publication is taken for a retry")
		}
		time.Sleep(10 * time.Minute)
		keep(t, j, "b", 2)
		time.Sleep(24 * time.Hour) // the server is down, or the clock of the day steps
		again := open(t, log.copied())
		if !retry(t, again, 3) {
			t.Error("a retry after a day without a server is published again")
		}
		time.Sleep(6 * time.Minute)
		if retry(t, again, 4) {
			t.Error("a key is known after more than 15 minutes")
		}
	})
}

func TestAKeyIsForgottenWhileTheServerRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := newRecordLog()
		j := open(t, log)
		retry(t, j, 1)
		time.Sleep(16 * time.Minute)
		keep(t, j, "b", 2)
		if retry(t, open(t, log.copied()), 3) {
			t.Error("a key is known after more than 15 minutes")
		}
	})
}

func TestAStepOfTheClockIsSeen(t *testing.T) {
	for byDay, want := range map[time.Duration]bool{
		time.Minute: false, time.Minute + time.Millisecond: false, time.Hour: true, -time.Hour: true, 58 * time.Second: true,
	} {
		if got := journal.IsStep(byDay, time.Minute); got != want {
			t.Errorf("%v by the clock of the day, and a minute by the monotonic one: %v", byDay, got)
		}
	}
}
