package transport

import (
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/transport/frame"
)

// LongPoll serves WAMP over plain HTTP requests (WAMP, "HTTP Longpoll Transport"), for networks that let nothing else
// through. Below its path:
//
//	POST open            {"protocols": [...]}  200 {"protocol": ..., "transport": id}
//	POST {id}/receive                          200 one message, or a batch of all that wait
//	                                           204 nothing came: ask again
//	POST {id}/send       a message or a batch  204
//	POST {id}/close                            204
//
// The protocol has no acknowledgement, so a message is lost if its client goes away while the response is sent. Only
// the id proves that a request belongs to the session. So the id cannot be guessed, is never logged, and is valid only
// for the address and the origin that opened the session.
type LongPoll struct {
	server *Server
	mux    *http.ServeMux

	mu       sync.Mutex // guards sessions
	sessions map[string]*longPollSession
}

const (
	// maxOpening is far above any list of protocols.
	maxOpening = 4 << 10
	// pollPatience is how long a receive waits for a message. Browsers' clients give up after 12 s.
	pollPatience = 10 * time.Second
	// pollAbsence is how long a client may be without a receive before it is gone.
	pollAbsence = 15 * time.Second
	// maxSends is how many messages of one client are in memory at a time, as many as a browser sends at once. The
	// bodies of further requests stay unread until there is room.
	maxSends = 6
)

func newLongPoll(s *Server) *LongPoll {
	l := &LongPoll{server: s, mux: http.NewServeMux(), sessions: make(map[string]*longPollSession)}
	l.mux.HandleFunc("POST /open", l.answering(l.open))
	l.mux.HandleFunc("POST /{id}/receive", l.answering(l.receive))
	l.mux.HandleFunc("POST /{id}/send", l.answering(l.send))
	l.mux.HandleFunc("POST /{id}/close", l.answering(l.close))
	l.mux.HandleFunc("POST /", l.answering(l.unknown))
	l.mux.HandleFunc("/", l.answering(l.notPost))
	return l
}

// ServeHTTP serves the paths above. Caller must have stripped the prefix.
func (l *LongPoll) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	origins := r.Header.Values("Origin")
	header := w.Header()
	header.Add("Vary", "Origin")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	if by := l.server.current.Load(); len(origins) > 0 && by.origins.allow(origins, by.remoteOf(r)) {
		header.Set("Access-Control-Allow-Origin", origins[0])
		header.Set("Access-Control-Allow-Credentials", "true")
	}
	if r.Method == http.MethodOptions {
		header.Set("Access-Control-Allow-Methods", http.MethodPost)
		header.Set("Access-Control-Allow-Headers", "Content-Type")
		header.Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	l.mux.ServeHTTP(w, r)
}

// unknown answers a request for which the mux has no handler.
func (l *LongPoll) unknown(http.ResponseWriter, *http.Request) *refusal {
	return refuse(http.StatusNotFound, RefusedLongPoll, "there is nothing at this path: a client of long-poll begins with POST to open")
}

// notPost answers a request with another method.
func (l *LongPoll) notPost(http.ResponseWriter, *http.Request) *refusal {
	return refuse(http.StatusMethodNotAllowed, RefusedLongPoll, "long-poll takes POST only").with("Allow", "POST, OPTIONS")
}

// answering makes an HTTP handler of a function that can return a refusal.
func (l *LongPoll) answering(serve func(http.ResponseWriter, *http.Request) *refusal) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		by := l.server.current.Load()
		wrong := by.checkOrigin(r, by.remoteOf(r))
		if wrong == nil {
			wrong = serve(w, r)
		}
		if wrong == nil {
			return
		}
		l.server.handshakes.refuse(wrong.Reason)
		if wrong.Reason != RefusedLongPoll || r.PathValue("id") == "" { // sessions end, and clients ask once more
			l.server.logRefusal(r.Context(), wrong, addrText(l.addr(r)))
		}
		if err := wrong.write(w); err != nil {
			l.server.log.DebugContext(r.Context(), "a refusal could not be written", "error", err)
		}
	}
}

func refuseLongPoll(detail string) *refusal {
	return refuse(http.StatusBadRequest, RefusedLongPoll, detail)
}

func (l *LongPoll) open(w http.ResponseWriter, r *http.Request) *refusal {
	var opening struct {
		Protocols []string `json:"protocols"`
	}
	body, wrong := l.read(w, r, maxOpening)
	if wrong != nil {
		return wrong
	}
	if err := json.Unmarshal(body, &opening); err != nil {
		return refuseLongPoll(`the body must be {"protocols": [names]}`)
	}
	protocol, ok := l.server.firstKnown(opening.Protocols, l.server.protocols)
	streams := protocol.Ends != EndsWithCode || protocol.Channels && batchingOf(protocol) == frame.Unbatched
	if !ok || protocol.Name == "" || streams { // its clients expect a stream
		return refuseLongPoll("none of the protocols is spoken here")
	}
	if wrong := l.server.reserve(false); wrong != nil {
		return wrong
	}
	p, wrong := l.begin(r, protocol)
	if wrong != nil {
		l.server.release()
		return wrong
	}
	l.server.handshakes.accepted.Add(1)
	l.server.onDemand.Go(p.run)
	answer, err := json.Marshal(map[string]string{"protocol": protocol.Name, "transport": p.id}, json.Deterministic(true))
	if err != nil {
		p.end(outbox.CloseInternal)
		return refuse(http.StatusInternalServerError, RefusedInternal, "the answer could not be made")
	}
	w.Header().Set("Content-Type", "application/json")
	write(w, answer)
	return nil
}

// begin makes the session and its conversation.
func (l *LongPoll) begin(r *http.Request, protocol Protocol) (*longPollSession, *refusal) {
	by := l.server.current.Load()
	identity, wrong := l.server.redeem(r, by)
	if wrong != nil {
		return nil, wrong
	}
	remote := by.remoteOf(r)
	p := newLongPollSession(l, protocol)
	p.addr, p.origin = remote.addr, r.Header.Get("Origin")
	conv, err := l.server.handler.Accept(ConnInfo{
		Protocol: protocol,
		Peer: peer.Peer{
			RemoteAddr: addrText(remote.addr), Origin: p.origin, UserAgent: r.UserAgent(), TLS: remote.tls, Identity: identity,
			NoCloseCodes: true,
			Connection:   l.server.numbers.Add(1),
		},
		Text:   plainFraming{},
		Binary: plainFraming{},
		Waker:  p,
		server: l.server,
	})
	if err != nil {
		return nil, refuse(http.StatusServiceUnavailable, RefusedOpening, err.Error())
	}
	p.conv = conv
	if err := conv.Open(r.Context()); err != nil {
		conv.Closed(outbox.CloseLost)
		return nil, refuse(http.StatusServiceUnavailable, RefusedOpening, err.Error())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sessions[p.id] = p
	return p, nil
}

// plainFraming adds nothing, because HTTP has the length of a body.
type plainFraming struct{}

// Frame implements [outbox.Framing].
func (plainFraming) Frame(dst, message []byte) ([]byte, bool) { return append(dst, message...), true }

// find returns the session of a request, if the request comes from the address and the origin that opened it.
func (l *LongPoll) find(r *http.Request) (*longPollSession, *refusal) {
	l.mu.Lock()
	p := l.sessions[r.PathValue("id")]
	l.mu.Unlock()
	if p == nil || p.addr != l.addr(r) || p.origin != r.Header.Get("Origin") {
		return nil, refuseLongPoll("there is no such transport, or it has ended")
	}
	return p, nil
}

func (l *LongPoll) addr(r *http.Request) netip.Addr { return l.server.RemoteAddr(r) }

func (l *LongPoll) receive(w http.ResponseWriter, r *http.Request) *refusal {
	p, wrong := l.find(r)
	if wrong != nil {
		return wrong
	}
	ask := &longPollRequest{answer: make(chan []byte, 1)}
	select {
	case p.asks <- ask:
	case <-p.done:
		return refuseLongPoll("there is no such transport, or it has ended")
	case <-r.Context().Done():
		return nil
	}
	select {
	case body := <-ask.answer:
		return p.answer(w, body)
	case <-p.done:
	case <-r.Context().Done():
		select {
		case p.leaves <- ask:
		case <-p.done:
		}
		return nil
	}
	select {
	case body := <-ask.answer: // its last messages
		return p.answer(w, body)
	default:
		return refuseLongPoll("there is no such transport, or it has ended")
	}
}

func (p *longPollSession) answer(w http.ResponseWriter, body []byte) *refusal {
	if body == nil {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	w.Header().Set("Content-Type", p.contentType())
	write(w, body)
	return nil
}

func write(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body) //nolint:errcheck // the client is gone
}

func (l *LongPoll) send(w http.ResponseWriter, r *http.Request) *refusal {
	p, wrong := l.find(r)
	if wrong != nil {
		return wrong
	}
	select {
	case p.sends <- struct{}{}:
		defer func() { <-p.sends }()
	case <-p.done:
		return refuseLongPoll("there is no such transport, or it has ended")
	case <-r.Context().Done():
		return refuseLongPoll("the client is gone")
	}
	limit, joined := l.server.limits().MaxMessage, p.conv.Established()
	if !joined {
		limit = min(limit, l.server.limits().Handshake)
	}
	body, wrong := l.read(w, r, limit)
	if wrong != nil {
		if !joined && wrong.Status == http.StatusRequestEntityTooLarge {
			wrong.Detail = tooBigToJoin(limit)
		}
		return wrong
	}
	p.send(body)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// read reads a body of up to limit bytes, within Limits.Message.
func (l *LongPoll) read(w http.ResponseWriter, r *http.Request, limit int) ([]byte, *refusal) {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, refuse(http.StatusUnsupportedMediaType, RefusedLongPoll, "bodies are taken without Content-Encoding").
			with("Accept-Encoding", "identity")
	}
	control := http.NewResponseController(w)
	bounded := control.SetReadDeadline(time.Now().Add(l.server.limits().Message)) == nil
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(limit)))
	if bounded && err == nil {
		err = control.SetReadDeadline(time.Time{})
	}
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return nil, refuse(http.StatusRequestEntityTooLarge, RefusedLongPoll, frame.TooBig(limit).Text)
	case err != nil:
		return nil, refuseLongPoll("the body could not be read")
	}
	return body, nil
}

func (l *LongPoll) close(w http.ResponseWriter, r *http.Request) *refusal {
	p, wrong := l.find(r)
	switch {
	case wrong == nil:
		p.end(outbox.CloseLost)
	case l.has(r.PathValue("id")): // of another client
		return wrong
	}
	// Clients also close a session that GOODBYE or ABORT has ended, and autobahn waits for ever if that is refused.
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (l *LongPoll) has(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sessions[id] != nil
}

// closeAll ends the sessions that are left at the end of Run.
func (l *LongPoll) closeAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.sessions {
		p.end(outbox.CloseShutdown)
	}
}

func (l *LongPoll) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.sessions)
}

func (l *LongPoll) forget(p *longPollSession) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.sessions, p.id)
}

func newID() string { return rand.Text() } // 130 bits

// Interface guards.
var (
	_ http.Handler   = (*LongPoll)(nil)
	_ outbox.Framing = plainFraming{}
)
