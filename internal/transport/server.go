package transport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/netpoll"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/transport/frame"
)

// Server accepts WebSocket connections as an [http.Handler], and RawSocket connections from listeners. It serves them
// while Run runs.
type Server struct {
	// Static after New.
	options   Options // without those that current has
	log       *slog.Logger
	handler   Handler
	protocols []Protocol
	shards    []*shard
	born      time.Time // zero of Server.now

	current atomic.Pointer[settings]

	next       atomic.Uint32 // shard of the next connection
	numbers    atomic.Uint64 // of connections, see peer.Peer
	handshakes handshakeCounters
	questions  handshakeCounters // of pages, see asksWhy
	notices    notices
	pending    pendingHandshakes
	longPoll   *LongPoll
	closes     closeCounters
	draining   atomic.Bool   // Run waits for the clients to leave
	drainEnd   atomic.Int64  // of the drain, in Server.now
	hurry      chan struct{} // closed by Hurry
	hurried    sync.Once
	closingAll atomic.Bool    // the last part of Run, which closes all connections
	onDemand   sync.WaitGroup // goroutines of long-poll sessions

	mu      sync.Mutex // guards what follows
	started bool
	stopped bool
	open    int           // connections, and handshakes that have a place
	empty   chan struct{} // made by Run at its end, closed when open is 0
}

// New checks the options. Nothing is served, and nothing is written, before Run.
func New(options Options) (*Server, error) {
	options = options.withDefaults()
	if options.Handler == nil {
		return nil, errors.New("transport: Router or Handler must be set")
	}
	checked, err := options.settings().check()
	if err != nil {
		return nil, err
	}
	s := &Server{
		options:   options,
		log:       options.Logger,
		handler:   options.Handler,
		protocols: options.Handler.Protocols(),
		notices:   newNotices(),
		hurry:     make(chan struct{}),
		born:      time.Now(),
	}
	s.current.Store(checked)
	s.longPoll = newLongPoll(s)
	for range options.Writers {
		s.shards = append(s.shards, newShard(s))
	}
	return s, nil
}

// LongPoll returns the handler for clients that can only make HTTP requests. It expects that the prefix of its path is
// stripped.
func (s *Server) LongPoll() *LongPoll { return s.longPoll }

// ServeHTTP upgrades a request to a WebSocket, or answers with a problem document. It answers a question whether a
// WebSocket would be accepted, see asksWhy.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if asksWhy(r) {
		s.explain(w, r)
		return
	}
	wrong := s.upgrade(w, r)
	if wrong == nil {
		s.handshakes.accepted.Add(1)
		return
	}
	s.handshakes.refuse(wrong.Reason)
	s.logRefusal(r.Context(), wrong, s.RemoteAddr(r).String())
	s.writeRefusal(w, r, wrong)
}

// upgrade does the handshake. It redeems the ticket last, because a ticket can be used only once.
func (s *Server) upgrade(w http.ResponseWriter, r *http.Request) *refusal {
	shake, wrong := s.negotiate(r)
	if wrong != nil {
		return wrong
	}
	s.noteUntrusted(r, shake.settings)
	if wrong := s.reserve(s.draining.Load() && ofBackend(r, shake.settings)); wrong != nil {
		return wrong
	}
	handedOver := false
	defer func() {
		if !handedOver {
			s.release()
		}
	}()
	identity, wrong := s.redeem(r, shake.settings)
	if wrong != nil {
		return wrong
	}
	settled := s.settle(shake, identity)
	c := newConn(s, settled)
	if wrong := c.openConversation(r.Context(), settled); wrong != nil {
		return wrong
	}
	socket, early, err := c.shard.loop.Hijack(w, c)
	if err != nil {
		c.conv.Closed(outbox.CloseInternal)
		s.log.ErrorContext(r.Context(), "a connection could not be taken over", "error", err)
		return refuse(http.StatusInternalServerError, RefusedInternal, "the connection cannot be upgraded")
	}
	handedOver = true
	c.socket = socket
	c.serve(early, shake.response())
	return nil
}

// ofBackend reports whether a handshake claims to be of a program of the application. Its ticket proves that later.
func ofBackend(r *http.Request, by *settings) bool {
	tickets, ok := by.Tickets.(BackendTickets)
	return ok && tickets.OfBackend(r.URL.Query().Get("ticket"))
}

// reserve counts a connection in, or refuses it.
func (s *Server) reserve(ofBackend bool) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	if wrong := s.hasRoomLocked(ofBackend); wrong != nil {
		return wrong
	}
	s.open++
	return nil
}

// hasRoomLocked refuses a connection for which there is no place. While the clients are drained there is one for
// programs of the application only: they do not come again. Caller must hold mu.
func (s *Server) hasRoomLocked(ofBackend bool) *refusal {
	switch limit := s.limits().MaxConnections; {
	case s.stopped, s.draining.Load() && !ofBackend:
		return refuse(http.StatusServiceUnavailable, RefusedDraining, "the server is stopping: try again later").
			with("Retry-After", strconv.Itoa(s.untilRestart()))
	case s.open >= limit:
		wrong := refuse(http.StatusServiceUnavailable, RefusedFull,
			"the server has all the connections that it may have (limits.connections): try again later").
			with("Retry-After", retryWhenFull)
		wrong.notice = notice{fix: fmt.Sprintf("raise limits.connections above %d, and the descriptors of the process", limit)}
		return wrong
	}
	return nil
}

// retryWhenFull is the number of seconds after which a client should try again that found the server full.
const retryWhenFull = "30"

// release counts a connection out.
func (s *Server) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	if s.open == 0 && s.empty != nil {
		close(s.empty)
		s.empty = nil
	}
}

// minRetry is the least number of seconds after which a client should try again that the stopping server refuses.
const minRetry = 5

// untilRestart returns the seconds until the server is expected to serve again.
func (s *Server) untilRestart() int {
	left := time.Duration(s.drainEnd.Load()) - s.now()
	return max(minRetry, int(math.Ceil(left.Seconds()))+1)
}

// Hurry shortens the drain: the conversations that are left are ended at once. It has no effect before ctx of Run has
// ended.
func (s *Server) Hurry() {
	if s.draining.Load() {
		s.hurried.Do(func() { close(s.hurry) })
	}
}

// Run serves until ctx ends. Then it accepts no more connections, but see [BackendTickets], makes the handler end its
// conversations over Limits.Drain, waits up to Limits.Close until their last messages are written, and closes the
// connections that are left. When it returns, no goroutine of the server is left. A server runs once.
func (s *Server) Run(ctx context.Context) error {
	s.mu.Lock()
	again := s.started
	s.started = true
	s.mu.Unlock()
	if again {
		return errors.New("transport: a server runs only once")
	}
	s.openRings()
	var shards sync.WaitGroup
	for _, sh := range s.shards {
		shards.Go(sh.run)
	}
	<-ctx.Done()

	drain, cancel := s.beginDrain(context.WithoutCancel(ctx))
	defer cancel()
	s.pending.stop()
	err := s.handler.Shutdown(drain, meter.Drain{
		Window: s.limits().Drain, Hurry: s.hurry, TakenOver: s.options.TakenOver, Patience: s.limits().Close / 2,
	})
	empty := s.stop()
	select {
	case <-empty:
	case <-drain.Done():
		s.closingAll.Store(true)
		s.longPoll.closeAll()
		for _, sh := range s.shards {
			sh.closeAll()
		}
		<-empty // readers end at once when their connection is closed
	}
	for _, sh := range s.shards {
		close(sh.done)
	}
	shards.Wait()
	for _, sh := range s.shards {
		sh.loop.Stop()
	}
	s.onDemand.Wait()
	if err != nil {
		return fmt.Errorf("transport: end the conversations: %w", err)
	}
	return nil
}

// beginDrain returns the context of the drain, which ends when connections are closed that are still open.
func (s *Server) beginDrain(ctx context.Context) (context.Context, context.CancelFunc) {
	limits := s.limits()
	s.drainEnd.Store(int64(s.now() + limits.Drain))
	s.draining.Store(true)
	drain, cancel := context.WithTimeout(ctx, limits.Drain+limits.Close)
	go func() {
		select {
		case <-drain.Done():
		case <-s.hurry:
			select {
			case <-drain.Done():
			case <-time.After(limits.Close):
				cancel()
			}
		}
	}()
	return drain, cancel
}

// stop refuses further connections. The channel is closed when no connection is left.
func (s *Server) stop() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	empty := make(chan struct{})
	if s.open == 0 {
		close(empty)
		return empty
	}
	s.empty = empty
	return empty
}

// maxMessage returns the length of the longest message of a client that has joined. RawSocket promises a power of two.
func (s *Server) maxMessage(codec frame.Codec) int {
	if codec == (frame.RawSocket{}) {
		return 1 << (rawSmallest + rawExponent(s.limits().MaxMessage))
	}
	return s.limits().MaxMessage
}

// now is the clock of connections.
func (s *Server) now() time.Duration { return time.Since(s.born) }

// openRings makes a batch of sends for each shard. If the system has no io_uring for one, no shard gets any.
func (s *Server) openRings() {
	if s.options.DisableIOUring || s.options.Portable {
		return
	}
	for _, sh := range s.shards {
		batch, err := netpoll.NewBatch(sh.loop)
		if err != nil {
			s.log.Info("each connection needs its own system call to be written to, because io_uring cannot be used", "reason", err)
			for _, opened := range s.shards {
				opened.batch.Close()
				opened.batch = nil
			}
			return
		}
		sh.batch = batch
	}
}

// UpgradeListener answers the WebSocket upgrades at path before net/http sees them, if the system and the options allow
// that. net/http is to serve the listener that it returns, which has all other connections. accepts reports whether
// net/http would pass a request to this server, too.
func (s *Server) UpgradeListener(listener net.Listener, path string, accepts func(*http.Request) bool) net.Listener {
	loops := make([]*netpoll.Loop, len(s.shards))
	for i, sh := range s.shards {
		loops[i] = sh.loop
	}
	return netpoll.ListenUpgrades(listener, loops, netpoll.Upgrades{Path: path, Accepts: accepts, Handler: s})
}

// TakeoverListener makes connections below TLS that need no goroutine at rest, if the system and the options allow
// that. It belongs under the listener of TLS.
func (s *Server) TakeoverListener(plain net.Listener) net.Listener {
	if s.options.Portable {
		return netpoll.BoundSendQueues(plain)
	}
	return netpoll.TakeoverListener(plain)
}

// Interface guards.
var _ http.Handler = (*Server)(nil)
