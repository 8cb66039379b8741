package ticket_test

import (
	"testing"

	"github.com/tidings-io/tidings/test/load/peers/ticket"
	"github.com/tidings-io/tidings/test/load/wire"
)

func TestATicketNamesItsUser(t *testing.T) {
	user, err := ticket.Verify(wire.Secret, wire.Ticket(wire.Secret, "anna", "1"))
	if user != "anna" || err != nil {
		t.Errorf("got %q, %v", user, err)
	}
}

func TestInvalidTicketsAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"without an id":           wire.Ticket(wire.Secret, "anna", ""),
		"without a user":          wire.Ticket(wire.Secret, "", "1"),
		"signed with another key": wire.Ticket("another key", "anna", "1"),
		"no ticket":               "",
	} {
		if user, err := ticket.Verify(wire.Secret, text); err == nil {
			t.Errorf("%s: logged in as %q", name, user)
		}
	}
}
