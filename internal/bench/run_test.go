package bench_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"

	tidings "github.com/tidings-io/tidings"
	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/bench"
)

const (
	key      = "erp-0123456789abcdef"
	weakKey  = "web-0123456789abcdef"
	settings = `
auth: {tickets: {secret: 0123456789abcdef0123456789abcdef}}
api_keys:
  - {name: erp, key: ` + key + `, may: ["*"]}
  - {name: web, key: ` + weakKey + `, may: [call, subscribe]}
topics:
  bench.{run:slug}: {subscribe: backend, publish: backend}
  silent: {publish: backend}
  typed: {subscribe: backend, publish: backend, payload: {schema: object.json}}
  odd: {subscribe: backend, publish: backend}
`
)

// start runs a server until the test ends.
func start(t *testing.T, more string) (address string, server *tidings.Server) {
	t.Helper()
	server, err := tidings.New(tidings.Config{
		File: "tidings.yaml", Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler),
		Files: fstest.MapFS{
			"tidings.yaml": {Data: []byte(settings + more)},
			"object.json":  {Data: []byte(`{"type": "object"}`)},
		},
		Env: func(string) (string, bool) { return "", false },
	})
	if err != nil {
		t.Fatal(err)
	}
	err = server.Handle("odd", tidings.Handlers{Publish: func(context.Context, *tidings.Request) (*tidings.Payload, error) {
		replaced := tidings.Args("something else")
		return &replaced, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	<-server.Ready()
	return "http://" + server.Addr(), server
}

// small is a measurement that takes two seconds and few resources.
func small(address string) bench.Options {
	return bench.Options{Server: address, Key: key, Connections: 5, Rate: 20, Seconds: 1}
}

func TestARunMeasuresAServer(t *testing.T) {
	address, server := start(t, "")
	options := small(address)
	var mu sync.Mutex
	last := map[string]bench.Progress{}
	options.Progress = func(p bench.Progress) {
		mu.Lock()
		defer mu.Unlock()
		last[p.Step] = p
	}
	r, err := bench.Run(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	if c := r.Connections; c.Opened != 5 || c.Failed != 0 || c.PerSecond <= 0 || c.P50 <= 0 || c.P50 > c.P99 || c.P99 > c.Max {
		t.Errorf("connections: %+v", c)
	}
	if l := r.Latency; l.Publications != 20 || l.Events != 100 || l.Lost != 0 || l.P50 <= 0 || l.P50 > l.P95 || l.P95 > l.P99 || l.P99 > l.Max {
		t.Errorf("latency: %+v", l)
	}
	if f := r.FanOut; f.Publications == 0 || f.Events != 5*f.Publications || f.Lost != 0 || f.EventsPerSecond <= 0 {
		t.Errorf("fan-out: %+v", f)
	}
	if c := r.Costs; c == nil || c.Memory <= 0 || c.Cores <= 0 {
		t.Errorf("costs: %+v %s", c, r.CostsUnknown)
	}
	if !r.OK || !r.SameMachine || r.Bench.Cores <= 0 || r.Foreign != 0 || len(r.Ended) != 0 || !strings.HasPrefix(r.Topic, "bench.") {
		t.Errorf("%+v", r)
	}
	if n := server.Realm().Subscribers(r.Topic); n != 0 {
		t.Errorf("%d connections are left", n)
	}
	for _, step := range []string{"connections", "latency", "fan-out"} {
		if p := last[step]; p.Total == 0 || p.Done != p.Total {
			t.Errorf("progress of %s ended with %d of %d", step, p.Done, p.Total)
		}
	}
}

func TestARefusalSaysWhichContractToDeclare(t *testing.T) {
	address, _ := start(t, "")
	for _, test := range []struct {
		topic, key string
		wants      []string
	}{
		{"nothing.here", key, []string{"let this key subscribe to nothing.here: topic nothing.here is not declared", "\n  nothing.here: {subscribe: backend, publish: backend}\n"}},
		{"silent", key, []string{"its contract silent has no subscribe rule", "\n  silent: {"}},
		{"typed", key, []string{"let this key publish to typed: the payload is not as the schema"}},
		{"bench.mine", weakKey, []string{"let this key publish to bench.mine", `lacks the scope "publish"`, "\n  bench.{run:slug}: {"}},
	} {
		options := small(address)
		options.Topic, options.Key = test.topic, test.key
		_, err := bench.Run(t.Context(), options)
		var refused *bench.RefusedError
		if !errors.As(err, &refused) {
			t.Errorf("%s: %v", test.topic, err)
			continue
		}
		for _, want := range test.wants {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q is not in %q", test.topic, want, err)
			}
		}
	}
}

func TestATopicWhoseHandlerChangesPayloadsIsRefused(t *testing.T) {
	address, _ := start(t, "")
	options := small(address)
	options.Topic = "odd"
	if _, err := bench.Run(t.Context(), options); err == nil || !strings.Contains(err.Error(), "handler that changes payloads") {
		t.Errorf("%v", err)
	}
}

func TestAWrongKeyAndATicketAreRefused(t *testing.T) {
	address, _ := start(t, "")
	options := small(address)
	options.Key = "wrong-0123456789abcdef"
	_, err := bench.Run(t.Context(), options)
	var answer *client.Error
	if !errors.As(err, &answer) || answer.URI != "wamp.error.authentication_denied" {
		t.Errorf("%v", err)
	}
	options.Key = "eyJhbGciOiJIUzI1NiJ9.e30.x"
	if _, err := bench.Run(t.Context(), options); err == nil || !strings.Contains(err.Error(), "needs an API key") {
		t.Errorf("%v", err)
	}
}

func TestNumbersOutOfBoundsAreRefused(t *testing.T) {
	for want, change := range map[string]func(*bench.Options){
		"connections is 20001: choose 1 to 20000": func(o *bench.Options) { o.Connections = bench.MaxConnections + 1 },
		"rate is -1: choose 1 to 10000":           func(o *bench.Options) { o.Rate = -1 },
		"seconds is 601: choose 1 to 600":         func(o *bench.Options) { o.Seconds = bench.MaxSeconds + 1 },
		"size is 65537: choose 1 to 65536":        func(o *bench.Options) { o.Size = bench.MaxSize + 1 },
	} {
		options := small("http://127.0.0.1:1")
		change(&options)
		if _, err := bench.Run(t.Context(), options); err == nil || err.Error() != want {
			t.Errorf("%v, not %s", err, want)
		}
	}
}

func TestConnectionsThatFailAreCountedByReason(t *testing.T) {
	address, _ := start(t, "limits: {connections: 4}\n") // one is the publisher's
	r, err := bench.Run(t.Context(), small(address))
	if err != nil {
		t.Fatal(err)
	}
	c := r.Connections
	if c.Opened != 3 || c.Failed != 2 || len(c.Failures) != 1 || !strings.Contains(c.Failures[0].Reason, "limits.connections") || r.OK {
		t.Errorf("%+v", c)
	}
	if r.FanOut.Events != 3*r.FanOut.Publications {
		t.Errorf("%+v", r.FanOut)
	}
}

// atStep calls do once, when a step begins.
func atStep(step string, do func()) func(bench.Progress) {
	var once sync.Once
	return func(p bench.Progress) {
		if p.Step == step && p.Done > 0 {
			once.Do(do)
		}
	}
}

func TestALostConnectionIsReportedAndItsEventsAreNotAwaited(t *testing.T) {
	address, server := start(t, "")
	options := small(address)
	options.Topic = "bench.mine"
	options.Progress = atStep("latency", func() { kill(t, address, server.Realm().Subscribers(options.Topic)) })
	r, err := bench.Run(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Ended) != 1 || r.Ended[0].Count != 1 || r.OK || r.Costs.Closes["killed"] != 1 {
		t.Errorf("%+v %+v", r.Ended, r.Costs)
	}
	// Its events in flight are lost. Later publications were not for it.
	if owed := r.Latency.Events + r.Latency.Lost; owed < 80 || owed >= 100 || r.FanOut.Lost != 0 || r.FanOut.Events != 4*r.FanOut.Publications {
		t.Errorf("%+v %+v", r.Latency, r.FanOut)
	}
}

// kill ends the newest session, which is a subscriber: the publisher was first.
func kill(t *testing.T, address string, subscribers int) {
	t.Helper()
	if subscribers != 5 {
		t.Errorf("%d subscribers", subscribers)
	}
	var list struct {
		Sessions []struct {
			ID json.Number `json:"id"`
		} `json:"sessions"`
	}
	if err := json.Unmarshal(ask(t, http.MethodGet, address+"/api/v1/sessions"), &list); err != nil {
		t.Fatal(err)
	}
	ask(t, http.MethodDelete, address+"/api/v1/sessions/"+list.Sessions[len(list.Sessions)-1].ID.String())
}

func ask(t *testing.T, method, address string) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+key)
	request.Close = true // nothing is left for goleak to find
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode >= http.StatusBadRequest {
		t.Fatalf("%s %s: %s %v %s", method, address, answer.Status, err, body)
	}
	return body
}

func TestEventsOfOtherPublishersAreNotCounted(t *testing.T) {
	address, server := start(t, "")
	options := small(address)
	options.Topic = "bench.mine"
	options.Progress = atStep("latency", func() {
		if _, err := server.Realm().Publish(t.Context(), options.Topic, tidings.Args("hello"), nil); err != nil {
			t.Error(err)
		}
	})
	r, err := bench.Run(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	if r.Foreign != 5 || r.Latency.Events != 100 || !r.OK || !strings.Contains(strings.Join(r.Warnings, "\n"), "Somebody else published to bench.mine") {
		t.Errorf("%d %+v %q", r.Foreign, r.Latency, r.Warnings)
	}
}

func TestAnInterruptedRunReportsItsCompleteSteps(t *testing.T) {
	address, server := start(t, "")
	for step, complete := range map[string]int{"latency": 1, "fan-out": 2} {
		ctx, interrupt := context.WithCancel(t.Context())
		options := small(address)
		options.Progress = atStep(step, interrupt)
		r, err := bench.Run(ctx, options)
		if err != nil {
			t.Fatal(err)
		}
		if r.Connections == nil || (r.Latency != nil) != (complete == 2) || r.FanOut != nil || !r.Interrupted || r.OK {
			t.Errorf("%s: %+v", step, r)
		}
		if n := server.Realm().Subscribers(r.Topic); n != 0 {
			t.Errorf("%d connections are left", n)
		}
	}
	ctx, interrupt := context.WithCancel(t.Context())
	options := small(address)
	options.Progress = atStep("connections", interrupt)
	if _, err := bench.Run(ctx, options); !errors.Is(err, bench.ErrNothing) {
		t.Errorf("%v", err)
	}
}

// behind puts a server behind a proxy that answers for its metrics.
func behind(t *testing.T, address string, metrics http.HandlerFunc) string {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", httputil.NewSingleHostReverseProxy(target))
	mux.Handle("/metrics", metrics)
	proxy := httptest.NewServer(mux)
	t.Cleanup(proxy.Close)
	return proxy.URL
}

func TestWithoutMetricsEverythingButCostsIsMeasured(t *testing.T) {
	address, _ := start(t, "")
	r, err := bench.Run(t.Context(), small(behind(t, address, http.NotFound)))
	if err != nil {
		t.Fatal(err)
	}
	if r.Costs != nil || !strings.Contains(r.CostsUnknown, "/metrics: the server answered 404 Not Found") || !r.OK || r.FanOut.Events == 0 {
		t.Errorf("%+v", r)
	}
}

func TestMetricsAreReadWithTheKey(t *testing.T) {
	address, _ := start(t, "metrics: {key_required: true}\n")
	r, err := bench.Run(t.Context(), small(address))
	if err != nil || r.Costs == nil {
		t.Errorf("%v %+v", err, r)
	}
}

func TestMoreConnectionsThanTheServerMayOpenFilesAreRefused(t *testing.T) {
	address, _ := start(t, "")
	few := func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "tidings_sessions 0\nprocess_max_fds 64\nprocess_open_fds 12\n")
	}
	options := small(behind(t, address, few))
	options.Connections = 60
	if _, err := bench.Run(t.Context(), options); err == nil || !strings.Contains(err.Error(), "may open 64 files and has 12 open: 60 connections do not fit") || !strings.Contains(err.Error(), "--connections 20") {
		t.Errorf("%v", err)
	}
}

func TestAnUnreachableServerIsAnErrorOfConnecting(t *testing.T) {
	if _, err := bench.Run(t.Context(), small("http://127.0.0.1:1")); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%v", err)
	}
}
