// Package tickets_test runs the samples as their readers would, and passes the tickets that they print to the
// server's code.
package tickets_test

import (
	"context"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/internal/auth"
)

const secret = "a secret of at least thirty-two bytes"

// spent remembers the used tickets of one test.
type spent struct{ ids sync.Map }

func (s *spent) Use(_ context.Context, id string, _, _ time.Time) (bool, error) {
	_, before := s.ids.LoadOrStore(id, true)
	return !before, nil
}

var samples = map[string][]string{
	"php":     {"php", "php/ticket.php"},
	"python3": {"python3", "python/ticket.py"},
	"node":    {"node", "node/ticket.mjs"},
	"go":      {"go", "run", "./go"},
}

func TestEverySampleSignsATicketThatIsAcceptedOnce(t *testing.T) {
	for interpreter, command := range samples {
		t.Run(interpreter, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(interpreter); err != nil {
				t.Skipf("runs where %s is installed", interpreter)
			}
			tickets, err := auth.NewTickets(auth.TicketOptions{Secrets: []string{secret}, ReplayGuard: &spent{}})
			if err != nil {
				t.Fatal(err)
			}
			ticket := run(t, append(command, "42", "Ann Ábel", "staff", "sales"))
			identity, err := tickets.Redeem(t.Context(), ticket, netip.Addr{})
			if err != nil {
				t.Fatal(err)
			}
			got := []any{identity.ID, identity.Name, identity.Roles}
			if diff := cmp.Diff([]any{"42", "Ann Ábel", []string{"staff", "sales"}}, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if _, err := tickets.Redeem(t.Context(), ticket, netip.Addr{}); err == nil {
				t.Error("accepted the same ticket twice")
			}
			if _, err := tickets.Redeem(t.Context(), run(t, append(command, "42")), netip.Addr{}); err != nil {
				t.Errorf("a ticket without name and roles: %v", err)
			}
		})
	}
}

func run(t *testing.T, command []string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "TIDINGS_SECRET="+secret, "CGO_ENABLED=0")
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
