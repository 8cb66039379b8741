package auth_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/auth"
)

// forgetful is a replay guard that accepts used tickets: the benchmark redeems one ticket many times.
type forgetful struct{}

func (forgetful) Use(context.Context, string, time.Time, time.Time) (bool, error) { return true, nil }

// BenchmarkRedeem measures reading and checking a ticket, without the replay guard.
func BenchmarkRedeem(b *testing.B) {
	tickets := newTickets(b, auth.TicketOptions{ReplayGuard: forgetful{}})
	for _, c := range []struct {
		name  string
		grant auth.Grant
	}{
		{"small", auth.Grant{User: "42"}},
		{"usual", auth.Grant{User: "42", Name: "Ann Miller", Roles: []string{"staff", "operator"}, Tenant: "acme", Claims: map[string]any{"department": 7, "site": "Graz"}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			ticket, _, err := tickets.Issue(c.grant)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := tickets.Redeem(b.Context(), ticket, netip.Addr{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
