package router

import (
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/queue"
	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Session is one client in one realm, from WELCOME on. It stays readable after it has left.
type Session struct {
	id       wamp.ID
	identity atomic.Pointer[peer.Identity] // replaced by Reauthenticate
	tab      string
	joined   time.Time
	realm    *Realm
	client   *Client
	silent   atomic.Bool
	features peer.Features

	// Guarded by client.mu. nil as long as there is nothing to hold. left and reason fill the gap behind features.
	left           bool
	expired        bool // the identity has expired, and the session is about to end
	reason         outbox.CloseReason
	memberships    []*membership
	registrations  []*callee
	calls          map[wamp.ID]*call      // asked by this session, by its request id
	answeredEarly  calls.Early            // of those
	invocations    map[wamp.ID]invocation // asked of this session, by invocation id
	lastInvocation wamp.ID                // the last invocation id so far
	observerCalls  queue.Serial[observerCall]

	// Owned by the reader.
	requests  wamp.Sequence // ids of requests so far, where they are checked
	decisions *peer.Decisions
}

// ID returns the session id that WELCOME carried.
func (s *Session) ID() wamp.ID { return s.id }

// Identity returns the identity of the session, which is never nil. Reauthenticate replaces it.
func (s *Session) Identity() *peer.Identity { return s.identity.Load() }

// Receiver returns what the lists of a publication's receivers say of the session.
func (s *Session) Receiver() publication.Receiver {
	identity := s.Identity()
	return publication.Receiver{
		Session: s.id, AuthID: identity.ID, Roles: identity.Roles, Tenant: identity.Tenant, Backend: identity.Backend, Tab: s.tab,
	}
}

// Tab returns the page's identity, which outlives its sessions; "" if the page did not send one.
func (s *Session) Tab() string { return s.tab }

// Peer returns what the transport knows about the other end.
func (s *Session) Peer() peer.Peer { return s.client.peer }

// Address returns the address that the client came from, without its port.
func (s *Session) Address() string { return s.client.peer.Address() }

// Outbox returns the state of what waits to be written to the session's client.
func (s *Session) Outbox() outbox.State { return s.client.sender.Outbox.State() }

// source returns the source of what the session causes in the outboxes of others. nil is the server itself.
func (s *Session) source() outbox.Source {
	if s == nil {
		return outbox.SourceOf(0)
	}
	return outbox.SourceOf(uint64(s.id))
}

// Realm returns the realm that the session joined.
func (s *Session) Realm() *Realm { return s.realm }

// Joined returns when WELCOME was sent.
func (s *Session) Joined() time.Time { return s.joined }

// Encoding returns the dialect and serialization of the session's client.
func (s *Session) Encoding() wamp.Encoding { return s.client.sender.Format.Encoding }

// Reason returns why the session left, or CloseNone while it is in the realm. A page that said GOODBYE does not come
// back; a page whose connection was lost may.
func (s *Session) Reason() outbox.CloseReason {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	return s.reason
}

// Silence makes the session silent: no [ChangeObserver] is told of its changes from now on, and so not of its end.
func (s *Session) Silence() { s.silent.Store(true) }

// Silent reports whether the session was silenced, or has left because the server stops: then no session stays to hear
// of it.
func (s *Session) Silent() bool { return s.silent.Load() }

func (r *Realm) strict() bool { return r.router.options.Strictness == peer.Strict }

func (s *Session) strict() bool { return s.realm.strict() }
