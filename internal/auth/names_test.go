package auth_test

import (
	"net/netip"
	"testing"

	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/wamp"
)

// What users send as names is shown to others: of tickets, of the configuration, and of the application.
func TestHiddenCharactersAreRemovedFromNames(t *testing.T) {
	const given, want = "\u202eAnn\u200b Mu\u0308ller\ufeff \U0001f469\u200d\U0001f680", "Ann Mu\u0308ller \U0001f469\u200d\U0001f680"
	tickets := newTickets(t, auth.TicketOptions{})
	ticket, _, err := tickets.Issue(auth.Grant{User: "42", Name: given})
	if err != nil {
		t.Fatal(err)
	}
	identity, err := tickets.Redeem(t.Context(), ticket, netip.Addr{})
	if err != nil || identity.Name != want {
		t.Errorf("by a ticket: %+v, %v", identity, err)
	}
	if only, _, err := tickets.Issue(auth.Grant{User: "42", Name: "\u200b\u202e"}); err != nil {
		t.Error(err)
	} else if identity, err := tickets.Redeem(t.Context(), only, netip.Addr{}); err != nil || identity.Name != "42" {
		t.Errorf("without a visible character: %+v, %v", identity, err)
	}
	hash, err := auth.HashPassword("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	users := auth.NewUsers()
	if err := users.Add(auth.UserOptions{AuthID: "ann", Name: given, Password: hash}); err != nil {
		t.Fatal(err)
	}
	chain := auth.NewChain(auth.ChainOptions{Users: users})
	identity, err = answer(t, chain, wamp.Dict{"authmethods": []any{"ticket"}, "authid": "ann"}, "correct horse")
	if err != nil || identity.Name != want {
		t.Errorf("of the configuration: %+v, %v", identity, err)
	}
}

// Ids, roles and tenants are compared: one that looks like another must not exist.
func TestHiddenCharactersAreRefusedInWhatIsCompared(t *testing.T) {
	tickets := newTickets(t, auth.TicketOptions{})
	for _, hidden := range []string{
		"\u200b", "\u200d", "\u200c", "\u00ad", "\ufeff", "\u202e", "\u2066", "\u200f", "\u061c", "\U000e0061", "\ufe0f", "\ue000", "\u0378", "\x00",
	} {
		for name, grant := range map[string]auth.Grant{
			"user":   {User: "ad" + hidden + "min"},
			"role":   {User: "42", Roles: []string{"staff", "ad" + hidden + "min"}},
			"tenant": {User: "42", Tenant: "ac" + hidden + "me"},
		} {
			if _, _, err := tickets.Issue(grant); err == nil {
				t.Errorf("%+q is taken in the %s", hidden, name)
			}
		}
	}
	for _, id := range []string{"می\u200cخواهم", "क्\u200dष", "ann 👩\u200d🚀", "שָׁלוֹם"} {
		if _, _, err := tickets.Issue(auth.Grant{User: id, Roles: []string{id}, Tenant: id}); err != nil {
			t.Errorf("%+q: %v", id, err)
		}
	}
}
