package backends_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// spent remembers the used tickets of one test.
type spent struct{ ids sync.Map }

func (s *spent) Use(_ context.Context, id string, _, _ time.Time) (bool, error) {
	_, before := s.ids.LoadOrStore(id, true)
	return !before, nil
}

// limit bounds a call that may take a second. A machine that is busy makes it longer, and a call that waits for its
// server would take for ever.
const limit = 10

var notifications = map[string]with{
	"publish":         {"topic": "price.acme", "kwargs": with{"amount": 1}},
	"changed":         {"tags": []string{"order.42"}, "author": with{"id": "7", "name": "Ben"}},
	"flash":           {"user": "42", "text": "Hello"},
	"presence":        {"record": "order.42"},
	"maintenance":     {},
	"maintenance_on":  {"message": "Back soon"},
	"maintenance_off": {},
}

// neverFails checks that no notification fails a save, and that strict calls and tickets do.
func neverFails(t *testing.T, c *client, url string, status int, reasons ...string) {
	t.Helper()
	c.succeed(t, "new", with{"url": url, "key": key}, nil)
	for name, arguments := range notifications {
		a := c.swallowed(t, name, arguments)
		a.says(t, append(reasons, "idings: cannot ")...)
		if a.Seconds > limit {
			t.Errorf("%s delayed the save by %.1f s", name, a.Seconds)
		}
	}
	c.thrown(t, "ticket", with{"user": "42"}).says(t, reasons...)
	c.succeed(t, "new", with{"url": url, "key": key, "strict": true}, nil)
	for name, arguments := range notifications {
		if a := c.thrown(t, name, arguments); a.Status != status {
			t.Errorf("%s: the error has the status %d: %s", name, a.Status, a.Error)
		}
	}
}

func TestAServerThatIsDownFailsNoSave(t *testing.T) {
	inEveryLanguage(t, func(t *testing.T, c *client) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		url := "http://" + l.Addr().String()
		_ = l.Close()
		neverFails(t, c, url, 0, "cannot connect to "+url, "does the server run?")
	})
}

// stuck accepts connections, and does with each what serve says.
func stuck(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer c.Close()
				serve(c)
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); open.Wait() })
	return "http://" + l.Addr().String()
}

func TestAServerThatNeverAnswersDelaysNoSaveForLong(t *testing.T) {
	inEveryLanguage(t, func(t *testing.T, c *client) {
		silent := stuck(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
		endless := stuck(t, func(c net.Conn) { // answers without an end, a byte at a time
			for _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nX-Slow: "); err == nil; _, err = c.Write([]byte{'x'}) {
				time.Sleep(10 * time.Millisecond) // the pace of the server, for which nothing waits
			}
		})
		for _, url := range []string{silent, endless} {
			c.succeed(t, "new", with{"url": url, "key": key}, nil)
			a := c.swallowed(t, "changed", notifications["changed"])
			a.says(t, "no answer from "+url+" in 1", "order.42")
			if a.Seconds > limit {
				t.Errorf("the save was delayed by %.1f s", a.Seconds)
			}
		}
		c.succeed(t, "new", with{"url": silent, "key": key, "pause": 3600}, nil)
		c.swallowed(t, "changed", notifications["changed"]).says(t, "no answer")
		for name, arguments := range notifications {
			c.swallowed(t, name, arguments).says(t, "has just not answered", "calls pause for")
		}
		c.thrown(t, "ticket", with{"user": "42"}).says(t, "has just not answered")
		c.swallowed(t, "flash", with{"user": "", "text": "to no user"})
	})
}

func TestAnAnswerThatIsLostFailsNoSave(t *testing.T) {
	inEveryLanguage(t, func(t *testing.T, c *client) {
		url := stuck(t, func(c net.Conn) { // reads the request, and ends
			if _, err := http.ReadRequest(newReader(c)); err != nil {
				return
			}
		})
		c.succeed(t, "new", with{"url": url, "key": key}, nil)
		c.swallowed(t, "changed", notifications["changed"]).says(t, url)
	})
}

func TestTheRefusalsOfTheServerSayWhy(t *testing.T) {
	s := serve(t)
	inEveryLanguage(t, func(t *testing.T, c *client) {
		s.connect(t, c, with{"key": "an API key that the server does not know"})
		c.swallowed(t, "changed", notifications["changed"]).says(t, "answered 401", "key")
		s.connect(t, c, with{"key": "an API key without any scope at all"})
		c.swallowed(t, "publish", notifications["publish"]).says(t, "answered 403", "publish")
		s.connect(t, c, nil)
		c.swallowed(t, "publish", with{"topic": "undeclared.topic"}).says(t, "answered 403", "undeclared.topic")
		c.swallowed(t, "changed", with{"tags": []string{"with space"}}).says(t, "answered 4", "with space")
		c.swallowed(t, "changed", with{"tags": []string{}}).says(t, "answered 4", "tags")
		large := c.swallowed(t, "publish", with{"topic": "price.acme", "kwargs": with{"big": strings.Repeat("x", 3<<20)}})
		if said := large.Log[0]; !strings.Contains(said, "answered 413") && !strings.Contains(said, "more than its limits.body_bytes") { // reset while it is sent
			t.Error(said)
		}
		s.connect(t, c, with{"strict": true})
		if a := c.thrown(t, "publish", with{"topic": "undeclared.topic"}); a.Status != http.StatusForbidden || a.Temporary {
			t.Errorf("%+v", a)
		}
	})
}

func TestATicketThatIsSignedWithAnotherSecretIsRefused(t *testing.T) {
	s := serve(t)
	inEveryLanguage(t, func(t *testing.T, c *client) {
		s.connect(t, c, with{"secret": "another secret of thirty-two bytes!!"})
		var ticket string
		c.succeed(t, "ticket", with{"user": "42"}, &ticket)
		if err := s.login(t, ticket); err == nil || !strings.Contains(err.Error(), "ticket") {
			t.Errorf("the login: %v", err)
		}
		s.connect(t, c, with{"secret": secret})
		c.succeed(t, "ticket", with{"user": "42", "claims": with{}}, &ticket)
		if err := s.login(t, ticket); err != nil {
			t.Error(err)
		}
	})
}

func TestATemporaryRefusalIsTriedAgainWithTheSameKey(t *testing.T) {
	inEveryLanguage(t, func(t *testing.T, c *client) {
		for _, status := range []int{http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout} {
			f := answers(t, func(n int, w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if n == 1 {
					w.WriteHeader(status)
				}
				_, _ = io.WriteString(w, `{"change": "1", "notified": 1}`)
			})
			c.succeed(t, "new", with{"url": f.URL + "/prefix/", "key": key}, nil)
			c.succeed(t, "changed", notifications["changed"], nil)
			if f.count() != 2 {
				t.Fatalf("%d: %d requests", status, f.count())
			}
			first, second := f.requests[0], f.requests[1]
			if k := first.Header.Get("Idempotency-Key"); len(k) < 16 || second.Header.Get("Idempotency-Key") != k {
				t.Errorf("the keys are %q and %q", k, second.Header.Get("Idempotency-Key"))
			}
			if second.URL.Path != "/prefix/api/v1/content/changed" || second.Header.Get("Authorization") != "Bearer "+key {
				t.Errorf("%s %v", second.URL, second.Header)
			}
		}
	})
}

func TestRetryAfterIsHeeded(t *testing.T) {
	inEveryLanguage(t, func(t *testing.T, c *client) {
		for name, later := range map[string]string{"seconds": "30", "a date": time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)} {
			f := answers(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", later)
				w.WriteHeader(http.StatusServiceUnavailable)
				_, _ = io.WriteString(w, `{"detail": "the server is full"}`)
			})
			c.succeed(t, "new", with{"url": f.URL, "key": key}, nil)
			c.swallowed(t, "changed", notifications["changed"]).says(t, "answered 503: the server is full")
			if f.count() != 1 {
				t.Errorf("%s: %d requests, though the time is over before", name, f.count())
			}
		}
	})
}

func TestAnAnswerOfSomethingElseSaysSo(t *testing.T) {
	others := map[string]http.HandlerFunc{
		"a page":      func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>Welcome</html>") },
		"not found":   http.NotFound,
		"a redirect":  func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) },
		"no content":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"in chunks":   func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush(); _, _ = io.WriteString(w, "{") },
		"not allowed": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusMethodNotAllowed) },
	}
	inEveryLanguage(t, func(t *testing.T, c *client) {
		for name, serve := range others {
			f := answers(t, func(_ int, w http.ResponseWriter, r *http.Request) { serve(w, r) })
			c.succeed(t, "new", with{"url": f.URL, "key": key}, nil)
			c.swallowed(t, "changed", notifications["changed"]).says(t, "is this the address of Tidings?")
			if f.count() != 1 {
				t.Errorf("%s: %d requests", name, f.count())
			}
		}
	})
}

func TestAnAnswerInChunksIsRead(t *testing.T) {
	inEveryLanguage(t, func(t *testing.T, c *client) {
		f := answers(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
			for _, part := range []string{`{"change": "a\r\n0`, `\r\nb", `, `"notified": 3}`} {
				_, _ = io.WriteString(w, part)
				w.(http.Flusher).Flush()
			}
		})
		c.succeed(t, "new", with{"url": f.URL, "key": key}, nil)
		var changed struct {
			Change   string
			Notified int
		}
		c.succeed(t, "changed", notifications["changed"], &changed)
		if changed.Notified != 3 || changed.Change != "a\r\n0\r\nb" {
			t.Errorf("%+v", changed)
		}
	})
}

func TestWhatCanNeverWorkIsRefusedAtOnce(t *testing.T) {
	inEveryLanguage(t, func(t *testing.T, c *client) {
		for _, options := range []with{
			{"url": "127.0.0.1:8080"},
			{"url": ""},
			{"url": "ws://127.0.0.1"},
			{"url": "http://"},
			{"url": "http://x", "key": "a key\nwith a line"},
			{"url": "http://x", "key": " " + key},
			{"url": "http://x", "key": `"` + key + `"`},
			{"url": "http://x", "secret": secret + "\n"},
		} {
			c.thrown(t, "new", options).says(t, "idings: the ")
		}
	})
}
