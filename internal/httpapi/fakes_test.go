package httpapi_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/httpapi/apitest"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// fakes is everything behind the API. Fields that are nil answer with something harmless.
type fakes struct {
	publish func(by string, p router.Publication) (router.Receipt, error)
	call    func(ctx context.Context, by string, procedure wamp.URI, p wamp.Payload) (wamp.Payload, error)
	issue   func(httpapi.Ticket) (string, time.Time, error)

	published []router.Publication
	killed    []wamp.ID
	log       strings.Builder
}

// Verify knows one key for each scope, named like the scope, and "all".
func (f *fakes) Verify(key string) (string, []string, bool) {
	if key == "all" {
		return "all", []string{"*"}, true
	}
	if slices.Contains(httpapi.Scopes(), httpapi.Scope(key)) {
		return "the " + key + " key", []string{key}, true
	}
	return "", nil, false
}

func (f *fakes) Publish(_ context.Context, by string, p router.Publication) (router.Receipt, error) {
	if f.publish != nil {
		return f.publish(by, p)
	}
	f.published = append(f.published, p)
	return router.Receipt{Publication: 4711, Deliveries: 3}, nil
}

func (f *fakes) Call(ctx context.Context, by string, procedure wamp.URI, p wamp.Payload) (wamp.Payload, error) {
	if f.call != nil {
		return f.call(ctx, by, procedure, p)
	}
	return p, nil
}

func (f *fakes) Reload(context.Context) (httpapi.ReloadAnswer, error) {
	return httpapi.ReloadAnswer{Applied: []string{"topics"}, Restart: []string{"listen"}, Warnings: []httpapi.Flaw{}}, nil
}

func (f *fakes) Issue(_ context.Context, t httpapi.Ticket) (string, time.Time, error) {
	if f.issue != nil {
		return f.issue(t)
	}
	return "ticket-of-" + t.User, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), nil
}

func (f *fakes) Contracts() []httpapi.Contract {
	return []httpapi.Contract{{Pattern: "order.{id:int}", Kind: "topic", Rules: map[string]string{"publish": "backend"}}}
}

func (f *fakes) Subscriptions() []httpapi.Subscription {
	return []httpapi.Subscription{{Topic: "order.42", Match: "exact", Subscribers: 2}}
}

func (f *fakes) Sessions(q httpapi.SessionQuery) ([]httpapi.Session, int) {
	return []httpapi.Session{{ID: wamp.MaxID, User: q.User, Roles: []string{}}}[:min(1, q.Limit)], 7
}

func (f *fakes) Kill(id wamp.ID, _ string) bool {
	f.killed = append(f.killed, id)
	return id == 42
}

// contracts fills one contract.
type contracts struct{}

func (contracts) Topic(contract string, params map[string]string) (wamp.URI, error) {
	if contract != "order.{id:int}" {
		return "", wamp.Fail(wamp.ErrInvalidArgument, "there is no contract %s", contract)
	}
	return wamp.URI("order." + params["id"]), nil
}

func (c contracts) Procedure(contract string, params map[string]string) (wamp.URI, error) {
	return c.Topic(contract, params)
}

func (f *fakes) KillUser(user, _ string) int { return len(user) }

func (f *fakes) Subscribers(q httpapi.SubscriberQuery) (httpapi.SubscribersAnswer, error) {
	return httpapi.SubscribersAnswer{
		Topic: q.Topic, Total: 9, Next: &httpapi.NextPage{Session: 7, Subscription: 8},
		Subscribers: []httpapi.Subscriber{{Session: 7, Subscription: 8, User: q.User, Topic: q.Topic, Match: "exact"}},
	}, nil
}

func (f *fakes) LogOut(string, string) (logins, sessions int) {
	return 3, 2
}

func (f *fakes) Invalidate(_ context.Context, selected httpapi.Selection) (httpapi.Invalidated, error) {
	if selected == (httpapi.Selection{}) {
		return httpapi.Invalidated{}, wamp.Fail(wamp.ErrInvalidArgument, "nothing is selected")
	}
	return httpapi.Invalidated{Sessions: 1, Kept: len(selected.User), Revoked: len(selected.Role), Undecided: len(selected.Tenant)}, nil
}

// maxBody of the APIs under test.
const maxBody = 4096

func newAPI(t *testing.T, f *fakes, change ...func(*httpapi.Options)) http.Handler {
	t.Helper()
	options := httpapi.Options{
		Keys: f, Publisher: f, Caller: f, Issuer: f, Topics: f, Contracts: contracts{}, Sessions: f, Subscribers: f, Invalidator: f, Reloader: f,
		MaxBody: maxBody, Version: "1.2.3", Logger: slog.New(slog.NewTextHandler(&f.log, nil)),
	}
	for _, c := range change {
		c(&options)
	}
	api, err := httpapi.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// request is a request of a test.
type request struct {
	method, path, key, body, contentType string
}

func (r request) send(t *testing.T, api http.Handler) *httptest.ResponseRecorder {
	t.Helper()
	return apitest.Request{Method: r.method, Path: r.path, Key: r.key, Body: r.body, ContentType: r.contentType}.Send(t, api)
}
