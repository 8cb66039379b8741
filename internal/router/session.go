package router

import (
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
	silent   atomic.Bool // its end is told to nobody
	features features

	// Owned by the reader.
	lastRequest wamp.ID // the last request id so far, where they are checked
	decisions   *decisionCache

	// Guarded by client.mu. nil as long as there is nothing to hold.
	left           bool
	reason         CloseReason
	memberships    []*membership
	registrations  []*callee
	calls          map[wamp.ID]*call      // asked by this session, by its request id
	answeredEarly  []wamp.ID              // of those, answered before their last arguments came
	invocations    map[wamp.ID]invocation // asked of this session, by invocation id
	lastInvocation wamp.ID                // the last invocation id so far
	observerCalls  []observerCall
	testaments     *testaments
	draining       bool
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
