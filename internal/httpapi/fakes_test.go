package httpapi_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// fakes is everything behind the API. Fields that are nil answer with something harmless.
type fakes struct {
	publish func(by string, p router.Publication) (router.Receipt, error)
	call    func(ctx context.Context, by string, procedure wamp.URI, p wamp.Payload) (wamp.Payload, error)
	issue   func(httpapi.Ticket) (string, time.Time, error)
	changed func(httpapi.Change) (string, int, error)
	people  func(record string) (httpapi.Attendance, error)

	published   []router.Publication
	killed      []wamp.ID
	maintenance httpapi.MaintenanceState
	log         strings.Builder
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

func (f *fakes) Sessions(user string, limit int) ([]httpapi.Session, int) {
	return []httpapi.Session{{ID: wamp.MaxID, User: user, Roles: []string{}}}[:min(1, limit)], 7
}

func (f *fakes) Kill(id wamp.ID, _ string) bool {
	f.killed = append(f.killed, id)
	return id == 42
}

func (f *fakes) Changed(_ context.Context, c httpapi.Change) (string, int, error) {
	if f.changed != nil {
		return f.changed(c)
	}
	return "c1", len(c.Tags), nil
}

func (f *fakes) People(_ context.Context, record string) (httpapi.Attendance, error) {
	if f.people != nil {
		return f.people(record)
	}
	return httpapi.Attendance{Record: record, People: []httpapi.Person{}}, nil
}

func (f *fakes) State(context.Context) (httpapi.MaintenanceState, error) { return f.maintenance, nil }

func (f *fakes) On(_ context.Context, start httpapi.MaintenanceStart) (httpapi.MaintenanceState, error) {
	f.maintenance.On, f.maintenance.Message, f.maintenance.By = true, start.Message, start.By
	return f.maintenance, nil
}

func (f *fakes) Off(_ context.Context, by string) (httpapi.MaintenanceState, error) {
	f.maintenance.On, f.maintenance.By = false, by
	return f.maintenance, nil
}

// maxBody of the APIs under test.
const maxBody = 4096

func newAPI(t *testing.T, f *fakes, change ...func(*httpapi.Options)) http.Handler {
	t.Helper()
	options := httpapi.Options{
		Keys: f, Publisher: f, Caller: f, Issuer: f, Topics: f, Sessions: f, Content: f, Presence: f, Maintenance: f,
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

// request is one request of a test.
type request struct {
	method, path, key, body, contentType string
}

func (r request) send(t *testing.T, api http.Handler) *httptest.ResponseRecorder {
	t.Helper()
	var body io.Reader
	if r.body != "" {
		body = strings.NewReader(r.body)
	}
	req := httptest.NewRequestWithContext(t.Context(), r.method, "/api/v1/"+r.path, body)
	if r.key != "" {
		req.Header.Set("Authorization", "Bearer "+r.key)
	}
	if r.contentType == "" && r.body != "" {
		r.contentType = "application/json"
	}
	if r.contentType != "" {
		req.Header.Set("Content-Type", r.contentType)
	}
	answer := httptest.NewRecorder()
	api.ServeHTTP(answer, req)
	return answer
}
