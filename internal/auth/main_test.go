package auth_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	secret    = "0123456789abcdef0123456789abcdef"
	oldSecret = "fedcba9876543210fedcba9876543210"
)

// memory is a replay guard in memory.
type memory struct {
	mu   sync.Mutex
	used map[string]time.Time
}

func (m *memory) Use(_ context.Context, id string, _, until time.Time) (fresh bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, used := m.used[id]; used {
		return false, nil
	}
	if m.used == nil {
		m.used = make(map[string]time.Time)
	}
	m.used[id] = until
	return true, nil
}

func newTickets(t testing.TB, o auth.TicketOptions) *auth.Tickets {
	t.Helper()
	if o.Secrets == nil {
		o.Secrets = []string{secret}
	}
	if o.ReplayGuard == nil {
		o.ReplayGuard = &memory{}
	}
	tickets, err := auth.NewTickets(o)
	if err != nil {
		t.Fatal(err)
	}
	return tickets
}

func newKeys(t testing.TB, o ...auth.KeyOptions) *auth.Keys {
	t.Helper()
	keys, err := auth.NewKeys(o)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// issue returns a ticket of the user 42.
func issue(t testing.TB, tickets *auth.Tickets) string {
	t.Helper()
	ticket, _, err := tickets.Issue(auth.Grant{User: "42"})
	if err != nil {
		t.Fatal(err)
	}
	return ticket
}

// refusedAs asserts that err is a failure that may be shown to a client.
func refusedAs(t *testing.T, err error, uri wamp.URI) *wamp.Failure {
	t.Helper()
	var failure *wamp.Failure
	if !errors.As(err, &failure) {
		t.Fatalf("got %v, not a failure", err)
	}
	if failure.URI != uri {
		t.Fatalf("refused as %s (%s), not as %s", failure.URI, failure.Message, uri)
	}
	return failure
}

// counted returns the count of a method and result.
func counted(counts []auth.Count, method auth.Method, result auth.Result) uint64 {
	for _, c := range counts {
		if c.Method == method && c.Result == result {
			return c.N
		}
	}
	return 0
}
