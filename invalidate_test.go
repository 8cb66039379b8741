package tidings_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	tidings "github.com/tidings-io/tidings"
	"github.com/tidings-io/tidings/client"
)

func TestTheProgramTakesAwayWhatItsHandlerNoLongerAllows(t *testing.T) {
	var closed atomic.Bool
	server := run(t, func(s *tidings.Server) {
		if err := s.Handle("talk", tidings.Handlers{Subscribe: func(context.Context, *tidings.Request) error {
			if closed.Load() {
				return tidings.Refuse("the talk is over")
			}
			return nil
		}}); err != nil {
			t.Fatal(err)
		}
	})
	ann := join(t, server, "ann")
	talk, err := ann.Subscribe(t.Context(), "talk", func(*client.Event) {}, nil)
	if err != nil {
		t.Fatal(err)
	}
	subscribe(t, ann, "order.7")
	closed.Store(true)
	if found, err := server.Invalidate(t.Context(), tidings.Selection{User: "ben"}); err != nil || found != (tidings.Invalidated{}) {
		t.Errorf("of ben %+v, %v", found, err)
	}
	found, err := server.Invalidate(t.Context(), tidings.Selection{User: "ann"})
	if want := (tidings.Invalidated{Sessions: 1, Kept: 1, Revoked: 1}); err != nil || found != want {
		t.Errorf("of ann %+v, %v", found, err)
	}
	<-talk.Done()
	var why *client.Error
	if !errors.As(talk.Err(), &why) || why.Message != "the talk is over" || !errors.Is(why, client.ErrNotAuthorized) {
		t.Errorf("it ended with %v", talk.Err())
	}
	if _, err := server.Invalidate(t.Context(), tidings.Selection{}); !errors.Is(err, client.ErrInvalidArgument) {
		t.Errorf("without a selection: %v", err)
	}
}

func TestATicketOfTheProgramEndsItsSession(t *testing.T) {
	server := run(t, func(*tidings.Server) {})
	ticket, err := server.IssueTicket(t.Context(), tidings.Grant{User: "ann", Session: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.Connect(t.Context(), client.Config{
		URL: "http://" + server.Addr(), Auth: client.Ticket(func(context.Context) (string, error) { return ticket.Ticket, nil }),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	sessions := server.Realm().Sessions()
	if len(sessions) != 1 || sessions[0].Ends.Sub(sessions[0].Joined).Round(time.Second) != time.Hour {
		t.Errorf("the sessions are %+v", sessions)
	}
	if _, err := server.IssueTicket(t.Context(), tidings.Grant{User: "ann", Session: time.Second / 2}); !errors.Is(err, client.ErrInvalidArgument) {
		t.Errorf("half a second: %v", err)
	}
}
