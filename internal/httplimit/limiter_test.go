package httplimit_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/httplimit"
)

// dialer is a listener whose connections are pipes, so that time in a bubble of synctest stands while they wait.
type dialer struct {
	accepted chan net.Conn
	closed   chan struct{}
}

func newDialer() *dialer { return &dialer{make(chan net.Conn), make(chan struct{})} }

func (d *dialer) Accept() (net.Conn, error) {
	select {
	case nc := <-d.accepted:
		return nc, nil
	case <-d.closed:
		return nil, net.ErrClosed
	}
}

func (d *dialer) Close() error   { close(d.closed); return nil }
func (d *dialer) Addr() net.Addr { return &net.TCPAddr{} }

func (d *dialer) dial() net.Conn {
	client, server := net.Pipe()
	d.accepted <- server
	return client
}

// body is far more than any buffer on the way.
var body = bytes.Repeat([]byte("x"), 1<<20)

// serve serves body at /large, and nothing at other paths.
func serve(t *testing.T, limits httplimit.Limits) (*dialer, *httplimit.Limiter) {
	d, limiter := newDialer(), httplimit.New(limits)
	mux := http.NewServeMux()
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) { w.Write(body) })
	mux.HandleFunc("/hijack", func(w http.ResponseWriter, _ *http.Request) {
		nc, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		go func() { io.Copy(nc, nc); nc.Close() }()
	})
	web := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Hour}
	limiter.Watch(web)
	served := make(chan error)
	go func() { served <- web.Serve(limiter.Listener(d, httplimit.Full)) }()
	t.Cleanup(func() {
		web.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return d, limiter
}

func ask(t *testing.T, nc net.Conn, path string) {
	t.Helper()
	if _, err := fmt.Fprintf(nc, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path); err != nil {
		t.Fatal(err)
	}
}

func answered(t *testing.T, nc net.Conn, status int) {
	t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(response.Body); err != nil || response.StatusCode != status {
		t.Errorf("%s, %v, want %d", response.Status, err, status)
	}
}

func wantStats(t *testing.T, limiter *httplimit.Limiter, want httplimit.Stats) {
	t.Helper()
	synctest.Wait()
	if got := limiter.Stats(); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}

func isOpen(nc net.Conn) bool {
	synctest.Wait()
	nc.SetReadDeadline(time.Now().Add(time.Nanosecond))
	defer nc.SetReadDeadline(time.Time{})
	_, err := nc.Read(make([]byte, 1))
	return errors.Is(err, os.ErrDeadlineExceeded)
}

func TestAClientThatReadsSlowlyGetsItsWholeResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, limiter := serve(t, httplimit.Limits{Connections: 2, Write: 10 * time.Second})
		nc := d.dial()
		ask(t, nc, "/large")
		begin := time.Now()
		step := make([]byte, 64<<10)
		got := 0
		for got < len(body) {
			n, err := io.ReadAtLeast(nc, step, min(len(step), len(body)-got))
			if got += n; err != nil {
				t.Fatalf("after %d bytes: %v", got, err)
			}
			time.Sleep(9 * time.Second)
		}
		if took := time.Since(begin); took < 2*time.Minute {
			t.Errorf("it took %s: nothing was tried", took)
		}
		wantStats(t, limiter, httplimit.Stats{Open: 1})
	})
}

func TestAClientThatStopsReadingLosesItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, limiter := serve(t, httplimit.Limits{Connections: 2, Write: 10 * time.Second})
		nc := d.dial()
		ask(t, nc, "/large")
		time.Sleep(5 * time.Second)
		if _, err := io.ReadFull(nc, make([]byte, 100<<10)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(18 * time.Second)
		wantStats(t, limiter, httplimit.Stats{Open: 1})
		time.Sleep(4 * time.Second)
		wantStats(t, limiter, httplimit.Stats{Slow: 1})
	})
}

// TestPipelinedRequestsThatAreNotReadEnd has a client that asks as often as it can and reads nothing.
func TestPipelinedRequestsThatAreNotReadEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, limiter := serve(t, httplimit.Limits{Connections: 2, Write: 10 * time.Second})
		nc := d.dial()
		begin := time.Now()
		for asked := 0; ; asked++ {
			if _, err := fmt.Fprint(nc, "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				break
			}
			if asked == 1000 {
				t.Fatal("every request was taken, although no response was read")
			}
		}
		if took := time.Since(begin); took > 22*time.Second {
			t.Errorf("the connection was held for %s", took)
		}
		wantStats(t, limiter, httplimit.Stats{Slow: 1})
	})
}

func TestANewConnectionGetsThePlaceOfTheOneThatWaitedLongest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, limiter := serve(t, httplimit.Limits{Connections: 3, Write: 10 * time.Second})
		var idle []net.Conn
		for range 3 {
			nc := d.dial()
			ask(t, nc, "/nothing")
			answered(t, nc, 404)
			idle = append(idle, nc)
			synctest.Wait()
		}
		ask(t, idle[0], "/nothing") // the second one has waited longest now
		answered(t, idle[0], 404)
		synctest.Wait()
		another := d.dial()
		ask(t, another, "/nothing")
		answered(t, another, 404)
		for i, want := range []bool{true, false, true} {
			if got := isOpen(idle[i]); got != want {
				t.Errorf("connection %d: open is %t", i, got)
			}
		}
		wantStats(t, limiter, httplimit.Stats{Open: 3, Evicted: 1})
	})
}

func TestAConnectionWithoutARequestKeepsItsPlaceForAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, limiter := serve(t, httplimit.Limits{Connections: 2, Write: 10 * time.Second})
		silent, trickling := d.dial(), d.dial()
		fmt.Fprint(trickling, "GET /nothing HT")
		answered(t, d.dial(), 503)
		wantStats(t, limiter, httplimit.Stats{Open: 2, Refused: 1})
		time.Sleep(3 * time.Second)
		for range 2 {
			nc := d.dial()
			ask(t, nc, "/large")
		}
		if isOpen(silent) || isOpen(trickling) {
			t.Error("connections without a request kept their places")
		}
		answered(t, d.dial(), 503) // the others are at work
		wantStats(t, limiter, httplimit.Stats{Open: 2, Refused: 2, Evicted: 2})
	})
}

func TestAHijackedConnectionTakesNoPlaceAndHasNoLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, limiter := serve(t, httplimit.Limits{Connections: 1, Write: 10 * time.Second})
		for range 3 {
			nc := d.dial()
			ask(t, nc, "/hijack")
			wantStats(t, limiter, httplimit.Stats{})
			if _, err := fmt.Fprint(nc, "to"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
			if _, err := io.ReadFull(nc, make([]byte, 2)); err != nil {
				t.Error(err)
			}
			nc.Close()
		}
	})
}
