package router

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidings-io/tidings/internal/router/encode"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/wamp"
)

// subscription is one topic or pattern with its subscribers.
type subscription struct {
	info  wamp.Subscription
	meter atomic.Pointer[meter.Topic] // nil: none

	mu      sync.RWMutex // guards what follows; held for reading while an event goes to all members
	members []member
	first   [1]member          // the array of members as long as there is one, as on a user's own topic
	locals  []*localSubscriber // replaced, never changed
	pruned  bool               // the broker has removed it: look it up again
	created time.Time          // when the first of the members came
}

// member is one subscriber in the array that a fan-out walks over. The subscription's lock guards its place: attaching
// takes the lock for writing; the one fan-out of kept publications that runs at a time takes it for reading, and no
// other fan-out looks at places.
type member struct {
	client     *Client
	membership *membership
	place      encode.Place
}

// membership is one subscription of one session.
type membership struct {
	session      *Session
	subscription *subscription
	catching     *catchUp      // guarded by subscription.mu; nil: it is live
	index        int32         // in subscription.members, or indexRemoved; guarded by subscription.mu
	told         bool          // of skipped events; guarded by subscription.mu
	minutes      meter.Minutes // when it began, since Router.started: the bytes that alignment leaves
}

// indexRemoved is the index of a membership that was taken away.
const indexRemoved = -1

// subscribers counts the sessions that hold the subscription. Must not hold mu.
func (s *subscription) subscribers() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.holdersLocked()
}

// holdersLocked is subscribers for a caller that holds mu.
func (s *subscription) holdersLocked() int { return len(s.members) }

// unusedLocked reports whether the subscription has no subscriber of any kind. Caller must hold mu.
func (s *subscription) unusedLocked() bool {
	return len(s.members) == 0 && len(s.locals) == 0
}

// addLocked makes a holder a member. Caller must hold mu.
func (s *subscription) addLocked(m *membership) {
	m.index = int32(len(s.members))
	if s.members == nil {
		s.members = s.first[:0]
	}
	s.members = append(s.members, member{client: m.session.client, membership: m})
	if int(m.index) == len(s.first) { // append has moved members to another array
		clear(s.first[:])
	}
}

// removeLocked takes a holder away and reports whether it was one. The last member takes its place. Caller must hold
// mu.
func (s *subscription) removeLocked(m *membership) bool {
	if m.index == indexRemoved {
		return false
	}
	m.catching = nil
	last := len(s.members) - 1
	moved := s.members[last]
	s.members[m.index] = moved
	moved.membership.index = m.index
	s.members[last] = member{}
	s.members = s.members[:last]
	m.index = indexRemoved
	if cap(s.members) > 64 && len(s.members) < cap(s.members)/4 {
		s.members = append(make([]member, 0, len(s.members)*2), s.members...) // give memory back
	}
	return true
}
