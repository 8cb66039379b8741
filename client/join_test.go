package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestConnectSaysWhoItIsAndWhatItCanDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		clients := r.connecting(client.Config{Realm: "erp", Agent: "test", Tab: "tab-1", AuthID: "42", Auth: client.Key("secret")})
		p := r.accept()
		hello := expect[*wamp.Hello](p)
		wantEqual(t, hello.Realm, wamp.URI("erp"))
		wantEqual(t, hello.Details["agent"], any("test"))
		wantEqual(t, hello.Details["_tab"], any("tab-1"))
		wantEqual(t, hello.Details["authid"], any("42"))
		wantEqual(t, hello.Details["authmethods"], any([]string{"ticket"}))
		roles, _ := hello.Details.Dict("roles")
		wantEqual(t, len(roles), 4)
		p.send(&wamp.Challenge{Method: "ticket", Extra: wamp.Dict{}})
		wantEqual(t, expect[*wamp.Authenticate](p).Signature, "secret")
		p.welcome(7)
		c := must(t, clients)
		session := c.Session()
		wantEqual(t, session.ID, uint64(7))
		wantEqual(t, []string{session.Realm, session.AuthID, session.AuthRole, session.AuthMethod}, []string{"erp", "42", "staff", "ticket"})
		leave(t, c, p)
		wantEqual(t, c.Session().ID, uint64(0))
	})
}

func TestConnectWithoutCredentialsAsksToBeAnonymous(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		clients := r.connecting(client.Config{})
		p := r.accept()
		hello := expect[*wamp.Hello](p)
		wantEqual(t, hello.Realm, wamp.URI("app"))
		wantEqual(t, hello.Details["authmethods"], any([]string{"anonymous"}))
		p.welcome(7)
		leave(t, must(t, clients), p)
	})
}

func TestConnectReportsWhyItWasRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		var states []client.State
		clients := r.connecting(client.Config{
			Auth:    client.Ticket(func(context.Context) (string, error) { return "used-before", nil }),
			OnState: func(c client.StateChange) { states = append(states, c.State) },
		})
		p := r.accept()
		expect[*wamp.Hello](p)
		p.send(&wamp.Challenge{Method: "ticket", Extra: wamp.Dict{}})
		expect[*wamp.Authenticate](p)
		p.send(&wamp.Abort{Details: wamp.Dict{"message": "this ticket was used before"}, Reason: wamp.ErrAuthenticationDenied})
		err := (<-clients).err
		wantError(t, err, "wamp.error.authentication_denied")
		if !strings.Contains(err.Error(), "used before") {
			t.Errorf("error does not say why: %v", err)
		}
		wantEqual(t, states, []client.State{client.Connecting, client.Closed})
		p.gone()
	})
}

func TestConnectRefusesAMethodThatItWasNotGivenTheMeansFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		clients := r.connecting(client.Config{})
		p := r.accept()
		expect[*wamp.Hello](p)
		p.send(&wamp.Challenge{Method: "wampcra", Extra: wamp.Dict{}})
		wantEqual(t, expect[*wamp.Abort](p).Reason, wamp.URI("wamp.error.cannot_authenticate"))
		if err := (<-clients).err; err == nil || !strings.Contains(err.Error(), "wampcra") {
			t.Errorf("got %v", err)
		}
		p.gone()
	})
}

func TestConnectGivesUpWhenItsTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		clients := r.connecting(client.Config{})
		p := r.accept()
		expect[*wamp.Hello](p) // and no answer
		if err := (<-clients).err; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		p.gone()
	})
}

func TestConnectFailsWithoutATicket(t *testing.T) {
	cause := errors.New("backend is down")
	_, err := client.Connect(t.Context(), client.Config{
		URL:  "ws://tidings.test",
		Auth: client.Ticket(func(context.Context) (string, error) { return "", cause }),
	})
	if !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
}

func TestConnectPassesOnWhatAnHTTPServerAnswers(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "origin not allowed at "+r.URL.Path, http.StatusForbidden)
	}))
	defer server.Close()
	_, err := client.Connect(t.Context(), client.Config{URL: server.URL})
	if err == nil || !strings.Contains(err.Error(), "403 Forbidden: origin not allowed at /ws") {
		t.Errorf("got %v", err)
	}
}

func TestConnectRefusesAConfigurationThatCannotWork(t *testing.T) {
	for name, config := range map[string]client.Config{
		"no URL":              {},
		"an empty key":        {URL: "http://127.0.0.1:1", Auth: client.Key("")},
		"no host":             {URL: "http://"},
		"another scheme":      {URL: "ftp://tidings.test"},
		"not a URL":           {URL: "http://a b"},
		"serialization":       {URL: "http://tidings.test", Serialization: 9},
		"server is not there": {URL: "http://127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := client.Connect(t.Context(), config); err == nil {
				t.Error("connected")
			}
		})
	}
}
