package router

import (
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Session is one client in one realm, from WELCOME on. It stays readable after it has left.
type Session struct {
	id       wamp.ID
	identity *Identity
	tab      string
	joined   time.Time
	realm    *Realm
	client   *Client
	quiet    atomic.Bool // its end is told to nobody
	features features

	// Owned by the reader.
	requests wamp.ID // the last request id so far, where they are checked
	grants   grants

	// Guarded by client.mu. nil as long as there is nothing to hold.
	left          bool
	reason        CloseReason
	memberships   []*membership
	registrations []*callee
	calls         map[wamp.ID]*call      // asked by this session, by its request id
	cut           []wamp.ID              // of those, answered before their last arguments came
	invocations   map[wamp.ID]invocation // asked of this session, by invocation id
	issued        wamp.ID                // the last invocation id so far
	notices       []notice
	testaments    *testaments
	notifying     bool
}

// ID is the session id that WELCOME carried.
func (s *Session) ID() wamp.ID { return s.id }

// Identity is who it is; never nil.
func (s *Session) Identity() *Identity { return s.identity }

// Tab is the page's identity that outlives its sessions; "" if the page did not say.
func (s *Session) Tab() string { return s.tab }

// Peer is what the transport knows about the other end.
func (s *Session) Peer() Peer { return s.client.peer }

// Realm is where the session is.
func (s *Session) Realm() *Realm { return s.realm }

// Joined is when WELCOME was sent.
func (s *Session) Joined() time.Time { return s.joined }

// Encoding is how it is spoken to.
func (s *Session) Encoding() wamp.Encoding { return s.client.format.Encoding }

// Reason is why the session left, and CloseNone while it is here. A page that said GOODBYE is not
// coming back; one that was lost may be.
func (s *Session) Reason() CloseReason {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	return s.reason
}

// Kill ends the session: GOODBYE with the reason ("" for wamp.close.killed) and the message. What it
// held is gone when Kill returns.
func (s *Session) Kill(reason wamp.URI, message string) {
	if reason == "" {
		reason = wamp.CloseKilled
	}
	s.client.forget()
	s.client.goodbye(reason, Ending{Reason: CloseKilled, Text: message})
}

// leave ends the session's part in the realm. Called without a lock; the first call does the work.
func (s *Session) leave(reason CloseReason) {
	c := s.client
	c.mu.Lock()
	if s.left {
		c.mu.Unlock()
		return
	}
	s.left, s.reason = true, reason
	if reason == CloseShutdown { // there is nobody who stays to hear it
		s.quiet.Store(true)
	}
	memberships, registrations := s.memberships, s.registrations
	calls, invocations, will := s.calls, s.invocations, s.testaments
	s.memberships, s.registrations, s.calls, s.invocations = nil, nil, nil, nil
	s.testaments = nil
	c.mu.Unlock()

	s.realm.remove(s)
	for _, m := range memberships {
		s.realm.broker.drop(m)
	}
	for _, held := range registrations {
		s.realm.dealer.drop(held)
	}
	for _, call := range calls {
		call.abandon()
	}
	for _, id := range slices.Sorted(maps.Keys(invocations)) { // in the order that they were asked
		invocations[id].call.finish(answer{err: callCanceled("the callee has left")})
	}
	s.execute(will)
	s.noteLeaving(memberships)
}
