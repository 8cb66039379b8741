package demo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/demo"
)

func TestMain(m *testing.M) {
	http.DefaultClient.Transport = &http.Transport{DisableKeepAlives: true} // goleak would report idle connections
	goleak.VerifyTestMain(m)
}

// start runs a demo until the test ends.
func start(t *testing.T) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d, err := demo.New(demo.Options{Listener: listener, Key: demo.KnownKey, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	<-d.Server().Ready()
	return "http://" + d.Server().Addr()
}

// ask sends a request as a page of the user does, and returns status and body.
func ask(t *testing.T, method, url, user string, body any) (int, []byte) {
	t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Demo-User", user)
	request.Header.Set("Tidings-Tab", "tab-of-"+user)
	return send(t, request)
}

func send(t *testing.T, request *http.Request) (int, []byte) {
	t.Helper()
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, read
}

// page connects as a page of the user does.
func page(t *testing.T, url, user string) *client.Client {
	t.Helper()
	c, err := client.Connect(t.Context(), client.Config{
		URL: url, Tab: "tab-of-" + user, Reconnect: client.Reconnect{Off: true},
		Auth: client.Ticket(func(context.Context) (string, error) {
			_, body := ask(t, "POST", url+"/demo/api/ticket?user="+user, "", nil)
			var answer struct{ Ticket string }
			err := json.Unmarshal(body, &answer)
			return answer.Ticket, err
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func subscribe(t *testing.T, c *client.Client, topic, match string) <-chan *client.Event {
	t.Helper()
	events := make(chan *client.Event, 1000)
	if _, err := c.Subscribe(t.Context(), topic, func(e *client.Event) { events <- e }, &client.SubscribeOptions{Match: client.Match(match)}); err != nil {
		t.Fatal(err)
	}
	return events
}

func next(t *testing.T, events <-chan *client.Event) *client.Event {
	t.Helper()
	select {
	case e := <-events:
		return e
	case <-time.After(time.Minute):
		t.Fatal("waited for an event")
		return nil
	}
}

type order struct {
	ID        int     `json:"id"`
	Customer  string  `json:"customer"`
	Item      string  `json:"item"`
	Quantity  int     `json:"quantity"`
	Price     float64 `json:"price"`
	Status    string  `json:"status"`
	Note      string  `json:"note"`
	Version   int     `json:"version"`
	UpdatedBy string  `json:"updated_by"`
	UpdatedAt string  `json:"updated_at"`
}

type form struct {
	Customer string  `json:"customer"`
	Item     string  `json:"item"`
	Quantity int     `json:"quantity"`
	Price    float64 `json:"price"`
	Status   string  `json:"status"`
	Note     string  `json:"note"`
	Version  int     `json:"version"`
}

func formOf(o order) form {
	return form{o.Customer, o.Item, o.Quantity, o.Price, o.Status, o.Note, o.Version}
}

func getOrder(t *testing.T, url, id string) (o order) {
	t.Helper()
	status, body := ask(t, "GET", url+"/demo/api/orders/"+id, "", nil)
	if err := json.Unmarshal(body, &o); err != nil || status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	return o
}

func TestPagesAreServed(t *testing.T) {
	url := start(t)
	for path, contains := range map[string]string{
		"/demo/": "<html", "/": "<html", "/client/tidings.js": "export",
		"/demo/api/users": `"id":"ann"`, "/demo/api/orders": `"customer":"Hansen Shipping"`,
	} {
		status, body := ask(t, "GET", url+path, "", nil)
		if status != 200 || !strings.Contains(string(body), contains) {
			t.Errorf("%s: %d %.200s", path, status, body)
		}
	}
}

func TestPagesMayOnlyLoadFromTheirServer(t *testing.T) {
	url := start(t)
	answer, err := http.Get(url + "/demo/")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	for key, want := range map[string]string{
		"Content-Security-Policy": "default-src 'self'; connect-src 'self' ws: wss:;", "X-Content-Type-Options": "nosniff",
		"Referrer-Policy": "same-origin", "Cache-Control": "no-cache", "Etag": `"`,
	} {
		if got := answer.Header.Get(key); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q", key, got)
		}
	}
	if got := answer.Header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("other origins may read the page: %q", got)
	}
}

func TestUnknownPathsAnswerWithAProblemDocument(t *testing.T) {
	url := start(t)
	for _, test := range []struct {
		method, path, detail string
		status               int
	}{
		{"GET", "/demo/api/", "there is no GET /demo/api/", 404},
		{"GET", "/demo/api/customers?of=ann", "there is no GET /demo/api/customers", 404},
		{"DELETE", "/demo/api/orders/1042", "there is no DELETE /demo/api/orders/1042", 404},
		{"GET", "/demo/nothing.html", "there is nothing at /demo/nothing.html", 404},
		{"POST", "/demo/", "POST is not possible on a page; allowed: GET, HEAD", 405},
	} {
		status, body := ask(t, test.method, url+test.path, "", nil)
		var problem struct {
			Detail string
			Status int
		}
		if err := json.Unmarshal(body, &problem); err != nil || status != test.status || problem.Status != test.status || problem.Detail != test.detail {
			t.Errorf("%s %s: %d %s", test.method, test.path, status, body)
		}
	}
}

func TestASaveNotifiesTheOtherPagesThatWatchTheOrder(t *testing.T) {
	url := start(t)
	ann := subscribe(t, page(t, url, "ann"), "tidings.content.order.1042", "exact")
	ben := subscribe(t, page(t, url, "ben"), "tidings.content.order.1042", "exact")
	change := formOf(getOrder(t, url, "1042"))
	change.Status, change.Note = "packed", "Two boxes."
	status, body := ask(t, "PUT", url+"/demo/api/orders/1042", "ann", change)
	var saved order
	if err := json.Unmarshal(body, &saved); err != nil || status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	if saved.Version != 2 || saved.UpdatedBy != "ann" || saved.Status != "packed" {
		t.Errorf("%+v", saved)
	}
	var event struct {
		Tag, Tab, Version string
		Author            struct{ ID, Name string }
		Fields            []string
	}
	text, err := next(t, ben).JSON()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &event); err != nil {
		t.Fatal(err)
	}
	if event.Tag != "order.1042" || event.Author.Name != "Ann Miller" || event.Version != "2" || strings.Join(event.Fields, " ") != "status note" {
		t.Errorf("%+v", event)
	}
	if status, body := ask(t, "PUT", url+"/demo/api/orders/1042", "ben", change); status != 409 || !strings.Contains(string(body), "Ann Miller") {
		t.Errorf("saving an old version: %d %s", status, body)
	}
	if status, _ := ask(t, "PUT", url+"/demo/api/orders/1042", "ben", formOf(saved)); status != 200 {
		t.Errorf("saving without a change: %d", status)
	}
	if got := getOrder(t, url, "1042"); got.Version != 2 {
		t.Errorf("saving without a change made version %d", got.Version)
	}
	if len(ann) > 0 || len(ben) > 0 {
		t.Error("a page received more events than the one change")
	}
}

func TestASaveThatIsSentAgainIsSavedOnce(t *testing.T) {
	url := start(t)
	change := formOf(getOrder(t, url, "1042"))
	change.Note = "Two boxes."
	for range 2 {
		status, body := ask(t, "PUT", url+"/demo/api/orders/1042", "ann", change)
		var saved order
		if err := json.Unmarshal(body, &saved); err != nil || status != 200 || saved.Version != 2 || saved.Note != "Two boxes." {
			t.Fatalf("%d %s", status, body)
		}
	}
	if status, body := ask(t, "PUT", url+"/demo/api/orders/1042", "ben", change); status != 409 {
		t.Errorf("the same form of another user: %d %s", status, body)
	}
	change.Note = "Three boxes."
	if status, body := ask(t, "PUT", url+"/demo/api/orders/1042", "ann", change); status != 409 {
		t.Errorf("another form of the old version: %d %s", status, body)
	}
}

func TestInvalidFormsAreRefused(t *testing.T) {
	url := start(t)
	good := formOf(getOrder(t, url, "1040"))
	with := func(change func(*form)) form { f := good; change(&f); return f }
	for name, test := range map[string]struct {
		id, user string
		body     any
		status   int
	}{
		"unknown user":   {"1040", "eve", good, 401},
		"no such order":  {"7", "ann", good, 404},
		"not a number":   {"x", "ann", good, 404},
		"no customer":    {"1040", "ann", with(func(f *form) { f.Customer = " " }), 422},
		"no item":        {"1040", "ann", with(func(f *form) { f.Item = "" }), 422},
		"no quantity":    {"1040", "ann", with(func(f *form) { f.Quantity = 0 }), 422},
		"negative price": {"1040", "ann", with(func(f *form) { f.Price = -1 }), 422},
		"unknown status": {"1040", "ann", with(func(f *form) { f.Status = "lost" }), 422},
		"long note":      {"1040", "ann", with(func(f *form) { f.Note = strings.Repeat("x", 1001) }), 422},
		"old version":    {"1040", "ann", with(func(f *form) { f.Version = 0 }), 409},
		"not an object":  {"1040", "ann", "text", 400},
		"unknown member": {"1040", "ann", map[string]any{"hue": "red"}, 400},
		"large body":     {"1040", "ann", strings.Repeat("x", 1<<17), 400},
	} {
		status, body := ask(t, "PUT", url+"/demo/api/orders/"+test.id, test.user, test.body)
		if status != test.status || !strings.Contains(string(body), `"detail":"`) {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}

func TestFlashGoesToThePagesOfOneUser(t *testing.T) {
	url := start(t)
	ben := subscribe(t, page(t, url, "ben"), "user.ben.flash", "exact")
	status, body := ask(t, "POST", url+"/demo/api/flash", "ann", map[string]string{"to": "ben", "text": "Lunch?", "level": "success"})
	if status != 200 || string(body) != "{\"delivered\":1}\n" {
		t.Errorf("%d %s", status, body)
	}
	if got := next(t, ben).Kwargs; got["text"] != "Lunch?" || got["level"] != "success" || got["title"] != "Message from Ann Miller" {
		t.Errorf("%v", got)
	}
	for _, wrong := range []map[string]string{{"to": "eve", "text": "a"}, {"to": "ben"}, {"to": "ben", "text": "a", "level": "loud"}} {
		if status, _ := ask(t, "POST", url+"/demo/api/flash", "ann", wrong); status != 422 {
			t.Errorf("%v: %d", wrong, status)
		}
	}
}

func TestTheAuthorOfAChatMessageIsItsSender(t *testing.T) {
	url := start(t)
	ann, ben := page(t, url, "ann"), page(t, url, "ben")
	messages := subscribe(t, ben, "chat.general.message", "exact")
	message := map[string]any{"id": "1", "text": "hello", "at": "2026-11-23T12:00:00Z"}
	if _, err := ann.Publish(t.Context(), "chat.general.message", client.Kwargs(message), nil); err != nil {
		t.Fatal(err)
	}
	got := next(t, messages)
	if got.Kwargs["text"] != "hello" || got.Sender == nil || *got.Sender != (client.Sender{ID: "ann", Name: "Ann Miller"}) {
		t.Errorf("received %+v of %+v", got.Kwargs, got.Sender)
	}
	message["user"] = map[string]any{"id": "ben", "name": "Ben Okafor"}
	if _, err := ann.Publish(t.Context(), "chat.general.message", client.Kwargs(message), nil); err == nil || !strings.Contains(err.Error(), "user") {
		t.Errorf("with an author in the payload: %v", err)
	}
}

func TestPricesMoveWhileTheyHaveSubscribers(t *testing.T) {
	url := start(t)
	ticks := subscribe(t, page(t, url, "ann"), "price.", "prefix")
	seen := map[string]int{}
	for range 80 {
		e := next(t, ticks)
		var tick struct {
			T int64
			P float64
		}
		if text, err := e.JSON(); err != nil || json.Unmarshal(text, &tick) != nil || tick.P <= 0 || time.Since(time.UnixMilli(tick.T)).Abs() > time.Minute {
			t.Fatalf("%s: %s %v", e.Topic, text, err)
		}
		seen[e.Topic]++
	}
	if len(seen) != 8 {
		t.Errorf("%d symbols: %v", len(seen), seen)
	}
}

func TestCrossSiteRequestsAreRefused(t *testing.T) {
	url := start(t)
	request, err := http.NewRequestWithContext(t.Context(), "POST", url+"/demo/api/ticket?user=ann", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Origin", "https://evil.example")
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	if status, _ := send(t, request); status != 403 {
		t.Errorf("%d", status)
	}
}
