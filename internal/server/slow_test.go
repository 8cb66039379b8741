package server_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// slowYAML has a topic of each policy, and outboxes that are soon full.
const slowYAML = basic + `
longpoll: true
limits: {outbox_bytes: 64KiB}
websocket: {write: 5m, close: 1s, drain: 100ms}
topics:
  feed: {subscribe: backend, publish: backend}
  price: {subscribe: backend, publish: backend, slow: latest}
  log: {subscribe: backend, publish: backend, slow: gap}
rawsocket:
`

// wire sends and receives the messages of a client, as JSON.
type wire interface {
	send(message string)
	receive() string
	// step reads a little: at most 10 KiB, or one message of long-poll.
	step()
	// end reads until the server has closed the connection as slow.
	end()
}

// handStream is a WebSocket or RawSocket by hand.
type handStream struct {
	t    *testing.T
	nc   net.Conn
	read []byte // and not parsed yet
	// frame frames a message, and next takes one from the front of what was read; rest is nil if more must be read.
	frame  func(message string) []byte
	next   func(read []byte) (message string, rest []byte)
	closes bool // with a frame that has a status
}

func (s *handStream) send(message string) {
	s.t.Helper()
	if _, err := s.nc.Write(s.frame(message)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *handStream) step() {
	s.t.Helper()
	var buffer [10 << 10]byte
	n, err := s.nc.Read(buffer[:])
	if err != nil {
		s.t.Fatal(err)
	}
	s.read = append(s.read, buffer[:n]...)
}

func (s *handStream) end() {
	s.t.Helper()
	rest, err := io.ReadAll(s.nc)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		s.t.Error("the connection was not closed")
	}
	tryAgain := []byte{0x03, 0xf5} // status 1013
	if _, closed, is := bytes.Cut(append(s.read, rest...), []byte{0x88}); s.closes && (!is || !bytes.HasPrefix(closed[1:], tryAgain)) {
		s.t.Errorf("the last bytes are %q", closed)
	}
}

func (s *handStream) receive() string {
	s.t.Helper()
	for {
		if message, rest := s.next(s.read); rest != nil {
			s.read = rest
			return message
		}
		s.step()
	}
}

// webSocketFrame returns a masked text frame. The mask is 0.
func webSocketFrame(message string) []byte {
	head := []byte{0x81, 0x80 | byte(len(message))}
	if len(message) > 125 {
		head = []byte{0x81, 0x80 | 126, byte(len(message) >> 8), byte(len(message))}
	}
	return append(append(head, 0, 0, 0, 0), message...)
}

func webSocketNext(read []byte) (message string, rest []byte) {
	if len(read) < 10 {
		return "", nil
	}
	head, length := 2, int(read[1])
	switch length {
	case 126:
		head, length = 4, int(binary.BigEndian.Uint16(read[2:]))
	case 127:
		head, length = 10, int(binary.BigEndian.Uint64(read[2:]))
	}
	if len(read) < head+length {
		return "", nil
	}
	return string(read[head : head+length]), read[head+length:]
}

func rawSocketFrame(message string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...)
}

func rawSocketNext(read []byte) (message string, rest []byte) {
	if len(read) < 4 || len(read) < 4+int(binary.BigEndian.Uint32(read)) {
		return "", nil
	}
	end := 4 + int(binary.BigEndian.Uint32(read))
	return string(read[4:end]), read[end:]
}

// dialStream connects. config is nil without TLS. A slow client has a small buffer for what it does not read.
func dialStream(t *testing.T, addr string, config *tls.Config, slow bool) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	if slow {
		if err := nc.(*net.TCPConn).SetReadBuffer(16 << 10); err != nil {
			t.Fatal(err)
		}
	}
	nc.SetDeadline(time.Now().Add(patience))
	if config != nil {
		nc = tls.Client(nc, config)
	}
	return nc
}

func openWebSocket(t *testing.T, addr string, config *tls.Config, slow bool) wire {
	nc := dialStream(t, addr, config, slow)
	fmt.Fprintf(nc, "GET /ws HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n", addr)
	br := bufio.NewReader(nc)
	response, err := http.ReadResponse(br, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the upgrade was answered %+v, %v", response, err)
	}
	begun, _ := br.Peek(br.Buffered())
	return &handStream{t: t, nc: nc, read: append([]byte{}, begun...), frame: webSocketFrame, next: webSocketNext, closes: true}
}

func openRawSocket(t *testing.T, addr string, config *tls.Config, slow bool) wire {
	nc := dialStream(t, addr, config, slow)
	s := &handStream{t: t, nc: nc, frame: rawSocketFrame, next: rawSocketNext}
	nc.Write([]byte{0x7f, 0xf1, 0, 0})
	for len(s.read) < 4 {
		s.step()
	}
	s.read = s.read[4:]
	return s
}

// longPoll is a client of long-poll.
type longPoll struct {
	t      *testing.T
	client *http.Client
	url    string
	got    []string
}

func openLongPoll(t *testing.T, url string, config *tls.Config) wire {
	p := &longPoll{t: t, url: url + "/longpoll", client: &http.Client{Transport: &http.Transport{TLSClientConfig: config}}}
	t.Cleanup(p.client.CloseIdleConnections)
	var opened struct{ Transport string }
	if err := json.Unmarshal(p.post("/open", `{"protocols":["wamp.2.json"]}`), &opened); err != nil {
		t.Fatal(err)
	}
	p.url += "/" + opened.Transport
	return p
}

func (p *longPoll) post(path, body string) []byte {
	p.t.Helper()
	status, answer := p.ask(path, body)
	if status >= 300 {
		p.t.Fatalf("%s was answered %d %s", path, status, answer)
	}
	return answer
}

func (p *longPoll) ask(path, body string) (status int, answer []byte) {
	p.t.Helper()
	response, err := p.client.Post(p.url+path, "application/json", strings.NewReader(body)) //nolint:noctx // it ends with the test's server
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return response.StatusCode, answer
}

func (p *longPoll) send(message string) { p.post("/send", message) }

func (p *longPoll) step() {
	if message := p.post("/receive", ""); len(message) > 0 { // otherwise nothing came
		p.got = append(p.got, string(message))
	}
}

func (p *longPoll) end() {
	for range 1000 {
		if status, _ := p.ask("/receive", ""); status == http.StatusBadRequest {
			return
		}
	}
	p.t.Error("the session was not closed")
}

func (p *longPoll) receive() string {
	for len(p.got) == 0 {
		p.step()
	}
	message := p.got[0]
	p.got = p.got[1:]
	return message
}

// reader is a client that has joined, and what it has received.
type reader struct {
	*testing.T
	wire
	session uint64
	topics  map[uint64]string // by subscription
	last    map[string]int    // number of the last event of each topic
	all     map[string]int    // events that were received or told of
	skipped map[string]int
}

func (s *slowServer) join(slow bool, topics ...string) *reader {
	s.Helper()
	r := &reader{T: s.T, wire: s.open(s.T, slow), topics: map[uint64]string{}, last: map[string]int{}, all: map[string]int{}, skipped: map[string]int{}}
	r.send(`[1,"app",{"roles":{"subscriber":{}},"authmethods":["ticket"]}]`)
	r.answer(4)
	r.send(`[5,"` + allKey + `",{}]`)
	json.Unmarshal(r.answer(2)[1], &r.session)
	for n, topic := range topics {
		r.send(fmt.Sprintf(`[32,%d,{"_positions":true},"%s"]`, n+1, topic))
		var id uint64
		json.Unmarshal(r.answer(33)[2], &id)
		r.topics[id] = topic
	}
	return r
}

// answer receives a message of a type.
func (r *reader) answer(code int) []json.RawMessage {
	r.Helper()
	var message []json.RawMessage
	if err := json.Unmarshal([]byte(r.receive()), &message); err != nil || string(message[0]) != fmt.Sprint(code) {
		r.Fatalf("got %s instead of a message of type %d, %v", message, code, err)
	}
	return message
}

// event receives an event, which must be newer than the last one of its topic.
func (r *reader) event() {
	r.Helper()
	message := r.answer(36)
	var subscription uint64
	var details struct {
		Skipped int `json:"_skipped"`
	}
	var args []any
	for n, into := range map[int]any{1: &subscription, 3: &details, 4: &args} {
		if err := json.Unmarshal(message[n], into); err != nil {
			r.Fatal(err)
		}
	}
	topic, number := r.topics[subscription], int(args[0].(float64))
	if number != r.last[topic]+1+details.Skipped {
		r.Fatalf("%s: event %d came after %d, and %d were skipped", topic, number, r.last[topic], details.Skipped)
	}
	r.last[topic] = number
	r.all[topic] += 1 + details.Skipped
	r.skipped[topic] += details.Skipped
}

// slowServer is a server, and one way to connect to it.
type slowServer struct {
	*testing.T
	*running
	open   func(t *testing.T, slow bool) wire
	client *http.Client
	last   int // the number of the last event of each topic
}

var slowTopics = []string{"feed", "price", "log"}

// publish publishes an event of 4 KiB to each topic.
func (s *slowServer) publish() {
	s.Helper()
	s.last++
	payload, err := wamp.NewPayload([]any{s.last, strings.Repeat("x", 4<<10)}, nil)
	if err != nil {
		s.Fatal(err)
	}
	for _, topic := range slowTopics {
		if _, err := s.server.Publish(s.Context(), router.Publication{Topic: wamp.URI(topic), Payload: payload}); err != nil {
			s.Fatal(err)
		}
	}
}

// slowSession is what the API says of a session.
type slowSession struct {
	ID      uint64    `json:"id"`
	Bytes   int       `json:"queued_bytes"`
	Frames  int       `json:"queued_messages"`
	Skipped int       `json:"skipped_events"`
	Behind  time.Time `json:"behind_since"`
	Thinned bool      `json:"thinned"`
}

func (s *slowServer) get(path string) []byte {
	s.Helper()
	request, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		s.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+allKey)
	response, err := s.client.Do(request)
	if err != nil {
		s.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.Fatal(err)
	}
	return body
}

// slowCloses returns how many clients were closed as slow.
func (s *slowServer) slowCloses() (n int) {
	s.Helper()
	_, line, _ := strings.Cut(string(s.get("/metrics")), `tidings_closes_total{reason="slow"} `)
	if _, err := fmt.Sscan(line, &n); err != nil {
		s.Fatal(err)
	}
	return n
}

// sessions asks the API.
func (s *slowServer) sessions() map[uint64]slowSession {
	s.Helper()
	var answer struct{ Sessions []slowSession }
	if err := json.Unmarshal(s.get("/api/v1/sessions"), &answer); err != nil {
		s.Fatal(err)
	}
	all := map[uint64]slowSession{}
	for _, session := range answer.Sessions {
		all[session.ID] = session
	}
	return all
}

// One client reads nothing, one reads 10 KiB for each 240 KiB that are published, and one reads everything before the
// next events are published: none of them waits for another.
func TestSlowReadersDelayNoOtherClient(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		var r *running
		var config *tls.Config
		if secure {
			var pool *x509.CertPool
			r, pool = startTLS(t, slowYAML+"  - listen: tls://127.0.0.1:0\n")
			config = &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}
		} else {
			r = start(t, slowYAML+"  - listen: tcp://127.0.0.1:0\n")
		}
		for name, open := range map[string]func(*testing.T, bool) wire{
			"WebSocket": func(t *testing.T, slow bool) wire { return openWebSocket(t, r.server.Addr(), config, slow) },
			"RawSocket": func(t *testing.T, slow bool) wire {
				return openRawSocket(t, r.server.RawSocketAddrs()[0].String(), config, slow)
			},
			"long-poll": func(t *testing.T, _ bool) wire { return openLongPoll(t, r.url, config) },
		} {
			t.Run(fmt.Sprintf("%s, TLS %t", name, secure), func(t *testing.T) { // one by one: all publish to the same topics
				client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
				s := &slowServer{T: t, running: r, open: open, client: client}
				s.readAtAllSpeeds()
			})
		}
	}
}

func (s *slowServer) readAtAllSpeeds() {
	quick := s.join(false, slowTopics...)
	slow := s.join(true, "price", "log")
	stopped := s.join(true, "price", "log")
	closed, before := s.join(true, "feed"), s.slowCloses()
	for n := range 400 {
		s.publish()
		for range slowTopics {
			quick.event()
		}
		if n%20 == 0 {
			slow.step()
		}
	}
	if quick.all["feed"] != s.last || quick.skipped["feed"]+quick.skipped["price"]+quick.skipped["log"] > 0 {
		s.Errorf("the quick reader has %v of %d events, and %v were skipped", quick.all, s.last, quick.skipped)
	}
	all := s.sessions()
	if got := all[stopped.session]; !got.Thinned || got.Behind.IsZero() || got.Skipped == 0 || got.Bytes == 0 || got.Frames == 0 {
		s.Errorf("of the client that reads nothing the API says %+v", got)
	}
	if got := all[quick.session]; got.Thinned || got.Skipped != 0 {
		s.Errorf("of the client that keeps up the API says %+v", got)
	}
	if s.slowCloses() == before {
		s.Error("the client whose outbox is full was not closed")
	}
	closed.end()
	for slow.last["price"] < s.last || slow.last["log"] < s.last {
		slow.event()
	}
	for _, topic := range []string{"price", "log"} {
		if slow.all[topic] != s.last || slow.skipped[topic] == 0 {
			s.Errorf("the slow reader has or was told of %d of %d events of %s, %d were skipped", slow.all[topic], s.last, topic, slow.skipped[topic])
		}
	}
}
