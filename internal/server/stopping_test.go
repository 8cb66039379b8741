package server_test

import (
	"bufio"
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// crowded lets many clients publish at once, faster than events are delivered. With strict every client gets GOODBYE.
const crowded = `
protocol: strict
undeclared: allow
auth: {anonymous: {}}
longpoll: true
rawsocket: [{listen: "tcp://127.0.0.1:0"}]
limits: {message_rate: 10000, message_burst: 10000}
`

// stream is a client by hand, over WebSocket or RawSocket.
type stream struct {
	nc   net.Conn
	in   *bufio.Reader
	raw  bool
	code ws.StatusCode // of the close frame
}

func (s *stream) say(message string) error {
	if s.raw {
		_, err := s.nc.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...))
		return err
	}
	return wsutil.WriteClientText(s.nc, []byte(message))
}

// next returns the next message, or nil for a close frame.
func (s *stream) next() ([]byte, error) {
	if s.raw {
		var head [4]byte
		if _, err := io.ReadFull(s.in, head[:]); err != nil {
			return nil, err
		}
		message := make([]byte, binary.BigEndian.Uint32(head[:]))
		_, err := io.ReadFull(s.in, message)
		return message, err
	}
	for {
		head, err := ws.ReadHeader(s.in)
		if err != nil {
			return nil, err
		}
		payload := make([]byte, head.Length)
		_, err = io.ReadFull(s.in, payload)
		switch {
		case err != nil:
			return nil, err
		case head.OpCode == ws.OpClose:
			s.code, _ = ws.ParseCloseFrameData(payload)
			return nil, wsutil.WriteClientMessage(s.nc, ws.OpClose, payload)
		case head.OpCode == ws.OpText:
			return payload, nil
		}
	}
}

// stream opens a stream and subscribes to a topic.
func (r *running) stream(pool *x509.CertPool, raw bool, topic string) *stream {
	r.t.Helper()
	s := &stream{raw: raw}
	if raw {
		p := openRaw(r.t, r.server.RawSocketAddrs()[0])
		s.nc, s.in = p.nc, bufio.NewReader(p.nc)
	} else {
		s.nc = r.connect(pool)
		in, _, err := ws.Dialer{Protocols: []string{"wamp.2.json"}}.Upgrade(s.nc, &url.URL{Scheme: "ws", Host: "x", Path: "/ws"})
		if err != nil {
			r.t.Fatal(err)
		}
		if s.in = in; in == nil {
			s.in = bufio.NewReader(s.nc)
		}
	}
	for _, step := range []struct{ say, answer string }{{hello, "[2,"}, {fmt.Sprintf(`[32,1,{},%q]`, topic), "[33,"}} {
		if err := s.say(step.say); err != nil {
			r.t.Fatal(err)
		}
		if got, err := s.next(); err != nil || !bytes.HasPrefix(got, []byte(step.answer)) {
			r.t.Fatalf("%s was answered %s, %v", step.say, got, err)
		}
	}
	return s
}

// TestEveryClientHearsThatTheServerStops has clients that publish to one another without a pause, and stops the server
// in the middle of it.
func TestEveryClientHearsThatTheServerStops(t *testing.T) {
	for _, c := range []struct {
		name        string
		secure, raw bool
	}{{"WebSocket", false, false}, {"TLS", true, false}, {"RawSocket", false, true}} {
		t.Run(c.name, func(t *testing.T) {
			var r *running
			var pool *x509.CertPool
			if c.secure {
				r, pool = startTLS(t, crowded)
			} else {
				r = start(t, crowded)
			}
			crowd := &crowd{busy: make(chan struct{})}
			for range 150 {
				crowd.streams = append(crowd.streams, r.stream(pool, c.raw, "a.b"))
			}
			var clients sync.WaitGroup
			for i, s := range crowd.streams {
				clients.Go(func() {
					if err := crowd.publish(i, s); err != nil {
						t.Errorf("a client heard nothing: %v", err)
					}
				})
			}
			<-crowd.busy
			if err := r.stop(); err != nil {
				t.Error(err)
			}
			clients.Wait()
		})
	}
}

// crowd are clients that publish to one another.
type crowd struct {
	streams []*stream
	events  atomic.Int64
	busy    chan struct{} // closed when each of them has got some hundred events
}

// publish publishes for one client until the client hears that the server stops. When the client gets an event of its
// own, it publishes the next one.
func (c *crowd) publish(i int, s *stream) error {
	defer s.nc.Close()
	own := fmt.Appendf(nil, "[%d]]", i)
	for n := 2; ; {
		for ; n < 6; n++ { // several at a time
			s.say(fmt.Sprintf(`[16,%d,{"exclude_me":false},"a.b",[%d]]`, n, i))
		}
		message, err := s.next()
		switch {
		case err != nil:
			return err
		case message == nil && s.code != ws.StatusGoingAway:
			return fmt.Errorf("closed with %d", s.code)
		case message == nil, s.raw && bytes.HasPrefix(message, []byte("[6,")):
			return nil
		}
		if c.events.Add(1) == int64(300*len(c.streams)) {
			close(c.busy)
		}
		if bytes.HasSuffix(message, own) {
			s.say(fmt.Sprintf(`[16,%d,{"exclude_me":false},"a.b",[%d]]`, n, i))
			n++
		}
	}
}

// TestAClientOfLongPollHearsThatTheServerStops has a client that is between two requests when the server stops, and
// more messages before the last one.
func TestAClientOfLongPollHearsThatTheServerStops(t *testing.T) {
	r := start(t, crowded)
	post := func(path, body string) (int, string) {
		t.Helper()
		answer, err := http.Post(r.url+"/longpoll/"+path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		defer answer.Body.Close()
		read, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(read)
	}
	var opened struct{ Transport string }
	if _, body := post("open", `{"protocols":["wamp.2.json"]}`); json.Unmarshal([]byte(body), &opened) != nil {
		t.Fatal(body)
	}
	id := opened.Transport
	post(id+"/send", hello)
	post(id+"/send", `[32,1,{},"a.b"]`)
	for n := range 3 {
		post(id+"/send", fmt.Sprintf(`[16,%d,{"exclude_me":false},"a.b"]`, n+2))
	}
	other := r.stream(nil, false, "c.d")
	stopped := make(chan error, 1)
	go func() { stopped <- r.stop() }()
	for message := []byte{}; message != nil; { // from here on the server stops
		var err error
		if message, err = other.next(); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []string{"[2,", "[33,", "[36,", "[36,", "[36,", "[6,"} {
		if status, message := post(id+"/receive", ""); status != http.StatusOK || !strings.HasPrefix(message, want) {
			t.Fatalf("message %d is %d %s, want %s", i, status, message, want)
		}
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}
