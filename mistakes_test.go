package tidings_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	tidings "github.com/tidings-io/tidings"
	"github.com/tidings-io/tidings/client"
)

// logged collects what a server logs. It is safe for concurrent use.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(l, nil)) }

func wantText(t *testing.T, err error, says string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("got the error %v, want one that says %q", err, says)
	}
}

func failed[T any](_ T, err error) error { return err }

func TestNothingInPlaceOfSomethingIsAnError(t *testing.T) {
	var none context.Context
	var noHandler http.HandlerFunc
	server := run(t, func(s *tidings.Server) {
		wantText(t, s.Handle("talk", tidings.Handlers{}), "has no function")
		wantText(t, s.Handle("", tidings.Handlers{Subscribe: func(context.Context, *tidings.Request) error { return nil }}), "no such contract")
		wantText(t, s.Mount("/nothing", nil), "the handler is nil")
		wantText(t, s.Mount("/nothing", noHandler), "the handler is nil")
		wantText(t, s.Mount("", http.NotFoundHandler()), "cannot be mounted")
		wantText(t, s.Run(none), "the context is nil")
	})
	realm, ctx := server.Realm(), t.Context()
	answer := func(context.Context, *tidings.Invocation) (tidings.Payload, error) { return tidings.Payload{}, nil }
	for says, err := range map[string]error{
		"register shop.fail: the function":   failed(realm.Register("shop.fail", nil)),
		"register : ":                        failed(realm.Register("", answer)),
		"subscribe to talk: the handler":     failed(realm.Subscribe("talk", client.MatchExact, nil)),
		"the handler is nil":                 failed(realm.OnJoin(nil)),
		"handler is nil":                     failed(realm.OnLeave(nil)),
		"wamp.error.invalid_uri":             failed(realm.Publish(ctx, "", tidings.Args(1), nil)),
		"no_such_procedure":                  failed(realm.Call(ctx, "", tidings.Payload{})),
		"nothing is selected":                failed(realm.KickAll(tidings.Selection{}, "")),
		"name a user, a role":                failed(server.Invalidate(ctx, tidings.Selection{})),
		"sub":                                failed(server.IssueTicket(ctx, tidings.Grant{})),
		"name the user, or a topic":          failed(server.Flash(ctx, "", tidings.Flash{Text: "x"})),
		"must be valid UTF-8":                failed(server.Flash(ctx, "\xff", tidings.Flash{Text: "x"})),
		"needs a text or a title":            failed(server.Flash(ctx, "ann", tidings.Flash{})),
		`level is "loud"`:                    failed(server.Flash(ctx, "ann", tidings.Flash{Text: "x", Level: "loud"})),
		`href is "javascript:x"`:             failed(server.Flash(ctx, "ann", tidings.Flash{Text: "x", Href: "javascript:x"})),
		"the context is nil: use":            failed(realm.Publish(none, "talk", tidings.Args(1), nil)),
		"context is nil: use con":            failed(realm.Call(none, "shop.fail", tidings.Payload{})),
		"context is nil: use context":        failed(server.IssueTicket(none, tidings.Grant{User: "ann"})),
		"is nil: use context.Background":     failed(server.Invalidate(none, tidings.Selection{User: "ann"})),
		"t is nil: use context.Background()": failed(server.Reload(none)),
	} {
		wantText(t, err, says)
	}
	if _, err := realm.Subscribe("talk", "", func(*tidings.Event) {}); err != nil { // the zero Match is MatchExact
		t.Error(err)
	}
}

func TestAHandlerThatPanicsRefusesWithItsNameAndTheConnectionStays(t *testing.T) {
	var log logged
	server := runLogged(t, &log, func(s *tidings.Server) {
		err := s.Handle("order.{id:int}", tidings.Handlers{
			Subscribe: func(context.Context, *tidings.Request) error { panic("no database") },
			Publish:   func(context.Context, *tidings.Request) (*tidings.Payload, error) { panic("no database either") },
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	for name, serialization := range map[string]client.Serialization{"JSON": client.JSON, "CBOR": client.CBOR} {
		ann := joinWith(t, server, "ann", serialization)
		session := ann.Session().ID
		for range 3 {
			_, err := ann.Subscribe(t.Context(), "order.42", func(*client.Event) {}, nil)
			var refused *client.Error
			if !errors.As(err, &refused) || !errors.Is(err, client.ErrInternal) || refused.Temporary() || !strings.Contains(err.Error(), "order.{id:int}") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got := ann.Session().ID; got != session {
			t.Errorf("%s: the session %d became %d", name, session, got)
		}
	}
	_, err := joinBackend(t, server).Publish(t.Context(), "order.42", client.Args(map[string]any{}), nil)
	if !errors.Is(err, client.ErrInternal) {
		t.Errorf("a publication: %v", err)
	}
	for _, says := range []string{"no database", "no database either", "mistakes_test.go", `"contract":"order.{id:int}"`} {
		if !strings.Contains(log.String(), says) {
			t.Errorf("the log does not say %s", says)
		}
	}
}

func TestAPanicInsideTheProgramCostsNoClientItsConnection(t *testing.T) {
	var log logged
	server := runLogged(t, &log, func(s *tidings.Server) {
		_, err := s.Realm().Register("shop.fail", func(_ context.Context, call *tidings.Invocation) (tidings.Payload, error) {
			switch len(call.Payload.Args) {
			case 1:
				var none *tidings.Error
				return tidings.Payload{}, none
			case 2:
				return tidings.Payload{}, &tidings.Error{URI: "no URI at all", Message: "closed"}
			}
			panic("in a procedure")
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{
			failed(s.Realm().Subscribe("talk", client.MatchExact, func(*tidings.Event) { panic("in a subscriber") })),
			failed(s.Realm().OnJoin(func(tidings.Session) { panic("in OnJoin") })),
			failed(s.Realm().OnLeave(func(tidings.Session, string) { panic("in OnLeave") })),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	})
	ann := join(t, server, "ann")
	session := ann.Session().ID
	for args, uri := range map[int]client.ErrorURI{0: client.ErrInternal, 1: client.ErrInternal, 2: client.ErrRuntime} {
		_, err := ann.Call(t.Context(), "shop.fail", client.Args(make([]any, args)...), nil)
		if !errors.Is(err, uri) {
			t.Errorf("%d arguments: %v", args, err)
		}
		if args == 0 {
			wantText(t, err, "the procedure shop.fail panicked")
		}
	}
	wantText(t, failed(server.Realm().Call(t.Context(), "shop.fail", tidings.Payload{})), "the procedure shop.fail panicked")
	if _, err := ann.Publish(t.Context(), "talk", client.Args("hello"), nil); err != nil {
		t.Error(err)
	}
	if _, err := server.Realm().Publish(t.Context(), "talk", tidings.Args("hello"), nil); err != nil {
		t.Error(err)
	}
	if got := ann.Session().ID; got != session || got == 0 {
		t.Errorf("the session %d became %d", session, got)
	}
	ann.Close()
	for _, says := range []string{"in a procedure", "in a subscriber", "in OnJoin"} {
		if !strings.Contains(log.String(), says) {
			t.Errorf("the log does not say %q", says)
		}
	}
}
