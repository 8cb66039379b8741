package transport_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/transport"
)

// longPoller is a client of long-poll. It calls the handler itself, without a network.
type longPoller struct {
	t       testing.TB
	handler http.Handler
	path    string
	addr    string
	origin  string
}

// post gives status and body.
func (p *longPoller) post(path, body string) (int, string) {
	r := httptest.NewRequestWithContext(p.t.Context(), http.MethodPost, path, strings.NewReader(body))
	r.RemoteAddr = "192.0.2.1:1234"
	if p.addr != "" {
		r.RemoteAddr = p.addr
	}
	if p.origin != "" {
		r.Header.Set("Origin", p.origin)
	}
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func (p *longPoller) open(protocols ...string) string {
	p.t.Helper()
	list, _ := json.Marshal(protocols)
	status, body := p.post("/open", fmt.Sprintf(`{"protocols":%s}`, list))
	var opened struct{ Protocol, Transport string }
	if err := json.Unmarshal([]byte(body), &opened); err != nil || status != http.StatusOK {
		p.t.Fatalf("open: %d %s", status, body)
	}
	p.path = "/" + opened.Transport
	return opened.Protocol
}

func (p *longPoller) send(messages string) {
	p.t.Helper()
	if status, body := p.post(p.path+"/send", messages); status != http.StatusNoContent || body != "" {
		p.t.Fatalf("send: %d %s", status, body)
	}
}

func (p *longPoller) wantsMatch(pattern string) {
	p.t.Helper()
	status, body := p.post(p.path+"/receive", "")
	if status != http.StatusOK || !regexp.MustCompile(pattern).MatchString(body) {
		p.t.Fatalf("got %d %q, want %s", status, body, pattern)
	}
}

func (p *longPoller) wantsStatus(path string, status int) {
	p.t.Helper()
	if got, body := p.post(path, ""); got != status {
		p.t.Fatalf("%s: got %d %q, want %d", path, got, body, status)
	}
}

// longPolled runs a test in a bubble of time, with a router and no other client.
func longPolled(t *testing.T, test func(t *testing.T, p *longPoller, realm *router.Realm)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := router.New(router.Options{Agent: "test"})
		realm := r.AddRealm("app")
		s, err := newServer(transport.Options{Router: r, Origins: []string{"https://pages.example"}})
		if err != nil {
			t.Fatal(err)
		}
		p := &longPoller{t: t, handler: s.LongPoll()}
		test(t, p, realm)
		if p.path != "" {
			p.post(p.path+"/close", "")
		}
		synctest.Wait()
		if n := s.Stats().Connections; n != 0 {
			t.Errorf("%d connections are left", n)
		}
	})
}

func TestASessionOverLongPoll(t *testing.T) {
	t.Parallel()
	longPolled(t, func(_ *testing.T, p *longPoller, _ *router.Realm) {
		if protocol := p.open("wamp.2.unknown", "wamp.2.json"); protocol != "wamp.2.json" {
			t.Errorf("the protocol is %q", protocol)
		}
		p.send(helloJSON)
		p.wantsMatch(`^\[2,\d+,\{`)
		p.send(`[32,1,{},"a.b"]`)
		p.send(`[16,2,{"acknowledge":true,"exclude_me":false},"a.b",["hi"]]`)
		p.wantsMatch(`^\[33,1,\d+\]$`) // exactly one message each
		p.wantsMatch(`^\[36,.*\["hi"\]\]$`)
		p.wantsMatch(`^\[17,2,\d+\]$`)
		p.send(`[6,{},"wamp.close.close_realm"]`)
		p.wantsMatch(`^\[6,.*goodbye_and_out`)
		p.wantsStatus(p.path+"/receive?x=1", http.StatusBadRequest)
		p.wantsStatus(p.path+"/close", http.StatusNoContent) // what has ended is closed
	})
}

func TestABatchOverLongPollHasAllThatWaits(t *testing.T) {
	t.Parallel()
	longPolled(t, func(_ *testing.T, p *longPoller, _ *router.Realm) {
		p.open("wamp.2.json.batched")
		p.send(helloJSON + "\x1e" + `[32,1,{},"a.b"]` + "\x1e")
		p.wantsMatch("^\\[2,.*\x1e\\[33,1,\\d+\\]\x1e$")
	})
}

func TestAnEventEndsAWaitAndSoDoesTime(t *testing.T) {
	t.Parallel()
	longPolled(t, func(t *testing.T, p *longPoller, realm *router.Realm) {
		p.open("wamp.2.json")
		p.send(helloJSON)
		p.wantsMatch(`^\[2,`)
		p.send(`[32,1,{},"a.b"]`)
		p.wantsMatch(`^\[33,`)
		began := time.Now()
		p.wantsStatus(p.path+"/receive", http.StatusNoContent)
		if waited := time.Since(began); waited != 10*time.Second {
			t.Errorf("an idle receive ended after %s", waited)
		}
		got := make(chan string)
		go func() {
			_, body := p.post(p.path+"/receive", "")
			got <- body
		}()
		synctest.Wait()
		realm.Publish(router.Publication{Topic: "a.b"})
		if body := <-got; !strings.HasPrefix(body, "[36,") {
			t.Errorf("got %s", body)
		}
	})
}

func TestASecondReceiveSendsTheFirstHome(t *testing.T) {
	t.Parallel()
	longPolled(t, func(t *testing.T, p *longPoller, _ *router.Realm) {
		p.open("wamp.2.json")
		first := make(chan int)
		go func() {
			status, _ := p.post(p.path+"/receive", "")
			first <- status
		}()
		synctest.Wait()
		second := make(chan string)
		go func() {
			_, body := p.post(p.path+"/receive", "")
			second <- body
		}()
		if status := <-first; status != http.StatusNoContent {
			t.Errorf("the first got %d", status)
		}
		p.send(helloJSON)
		if body := <-second; !strings.HasPrefix(body, "[2,") {
			t.Errorf("the second got %q", body)
		}
	})
}

func TestAClientThatPollsNoMoreIsGone(t *testing.T) {
	t.Parallel()
	longPolled(t, func(t *testing.T, p *longPoller, realm *router.Realm) {
		p.open("wamp.2.json")
		p.send(helloJSON)
		p.wantsMatch(`^\[2,`)
		time.Sleep(14 * time.Second) // of the bubble
		if n := len(realm.Sessions()); n != 1 {
			t.Errorf("%d sessions", n)
		}
		time.Sleep(2 * time.Second)
		if n := len(realm.Sessions()); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
		p.wantsStatus(p.path+"/receive", http.StatusBadRequest)
		p.wantsStatus(p.path+"/send", http.StatusBadRequest)

		p.open("wamp.2.json") // and never joins
		time.Sleep(11 * time.Second)
		p.wantsStatus(p.path+"/receive", http.StatusBadRequest)
	})
}

func TestALongPollSessionIsOnlyForTheClientThatOpenedIt(t *testing.T) {
	t.Parallel()
	longPolled(t, func(_ *testing.T, p *longPoller, _ *router.Realm) {
		p.open("wamp.2.json")
		for _, other := range []*longPoller{
			{t: p.t, handler: p.handler, addr: "192.0.2.2:1234"},
			{t: p.t, handler: p.handler, origin: "https://pages.example"},
		} {
			for _, verb := range []string{"/receive", "/send", "/close"} {
				other.wantsStatus(p.path+verb, http.StatusBadRequest)
			}
		}
		foreign := &longPoller{t: p.t, handler: p.handler, origin: "https://elsewhere.example"}
		foreign.wantsStatus("/open", http.StatusForbidden)
	})
}

func TestRequestsThatLongPollDoesNotHave(t *testing.T) {
	t.Parallel()
	longPolled(t, func(t *testing.T, p *longPoller, _ *router.Realm) {
		for _, body := range []string{"", "{", `{"protocols":[]}`, `{"protocols":["wamp"]}`, `{"protocols":[""]}`, `{"protocols":["x"]}`} {
			if status, _ := p.post("/open", body); status != http.StatusBadRequest {
				t.Errorf("open with %s: %d", body, status)
			}
		}
		if status, _ := p.post("/open", strings.Repeat(" ", 5000)); status != http.StatusRequestEntityTooLarge {
			t.Errorf("a long opening: %d", status)
		}
		p.wantsStatus("/x/receive", http.StatusBadRequest)
		p.open("wamp.2.json")
		if status, _ := p.post(p.path+"/send", strings.Repeat(" ", 1<<20+1)); status != http.StatusRequestEntityTooLarge {
			t.Errorf("a long message: %d", status)
		}
		p.send("nonsense")
		p.wantsMatch(`^\[3,.*protocol_violation`)
	})
}

func TestPagesOfOtherOriginsMayPollIfTheyMayConnect(t *testing.T) {
	t.Parallel()
	longPolled(t, func(t *testing.T, p *longPoller, _ *router.Realm) {
		for origin, want := range map[string]string{"https://pages.example": "https://pages.example", "https://elsewhere.example": ""} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodOptions, "/open", nil)
			r.Header.Set("Origin", origin)
			r.Header.Set("Access-Control-Request-Method", "POST")
			w := httptest.NewRecorder()
			p.handler.ServeHTTP(w, r)
			if got := w.Header().Get("Access-Control-Allow-Origin"); got != want || w.Code != http.StatusNoContent {
				t.Errorf("%s: %d %q", origin, w.Code, got)
			}
		}
	})
}

// Over the network, with a server that stops.
func TestAServerThatStopsSaysGoodbyeToPollers(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{})
	web := httptest.NewServer(http.StripPrefix("/lp", s.LongPoll()))
	defer web.Close()
	post := func(path, body string) string {
		answer, err := http.Post(web.URL+"/lp"+path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return ""
		}
		defer answer.Body.Close()
		read, _ := io.ReadAll(answer.Body)
		return string(read)
	}
	var opened struct{ Transport string }
	if err := json.Unmarshal([]byte(post("/open", `{"protocols":["wamp.2.json"]}`)), &opened); err != nil {
		t.Fatal(err)
	}
	post("/"+opened.Transport+"/send", helloReturns)
	if got := post("/"+opened.Transport+"/receive", ""); !strings.HasPrefix(got, "[2,") {
		t.Fatal(got)
	}
	last := make(chan string)
	go func() { last <- post("/"+opened.Transport+"/receive", "") }()
	s.stop()
	if got := <-last; !strings.Contains(got, "system_shutdown") {
		t.Error(got)
	}
}

// heldBody is a body that says when it is read, and ends when it is let go.
type heldBody struct {
	read    *atomic.Int32
	release chan struct{}
	once    sync.Once
}

func (b *heldBody) Read([]byte) (int, error) {
	b.once.Do(func() { b.read.Add(1) })
	<-b.release
	return 0, io.EOF
}

func TestMessagesBehindThoseBeingTakenAreNotRead(t *testing.T) {
	longPolled(t, func(t *testing.T, p *longPoller, _ *router.Realm) {
		p.open("wamp.2.json")
		var read atomic.Int32
		release := make(chan struct{})
		var senders sync.WaitGroup
		for range 20 {
			senders.Go(func() {
				r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, p.path+"/send", &heldBody{read: &read, release: release})
				r.RemoteAddr = "192.0.2.1:1234"
				p.handler.ServeHTTP(httptest.NewRecorder(), r)
			})
		}
		synctest.Wait()
		if got := read.Load(); got != 6 {
			t.Errorf("%d bodies of one client are in memory, want 6", got)
		}
		close(release)
		senders.Wait()
	})
}
