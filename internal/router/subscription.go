package router

import (
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// subscription is one topic or pattern with its subscribers.
type subscription struct {
	info wamp.Subscription

	mu      sync.RWMutex // guards what follows; held for reading while an event goes to all members
	members []member
	first   [1]member          // the array of members as long as there is one, as on a user's own topic
	locals  []*localSubscriber // replaced, never changed
	pruned  bool               // the broker has removed it: look it up again
	paused  int32              // holders that are not in members, because they catch up
	created time.Time          // when the first of the holders came

	catching *catchUp // a linked list of the subscribers that read what was retained; usually empty
}

// member is one subscriber in the array that a fan-out walks over.
type member struct {
	client     *Client
	membership *membership
}

// membership is one subscription of one session.
type membership struct {
	session      *Session
	subscription *subscription
	index        int // in subscription.members, or a constant below; guarded by subscription.mu
}

// The values of membership.index for what is not in subscription.members.
const (
	indexRemoved = -1
	indexPaused  = -2
)

// subscribers counts the sessions that hold the subscription. Must not hold mu.
func (s *subscription) subscribers() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.holdersLocked()
}

// holdersLocked is subscribers for a caller that holds mu.
func (s *subscription) holdersLocked() int { return len(s.members) + int(s.paused) }

// unusedLocked reports whether the subscription has no subscriber of any kind. Caller must hold mu.
func (s *subscription) unusedLocked() bool {
	return len(s.members) == 0 && len(s.locals) == 0 && s.catching == nil
}

// addLocked makes a holder a member. Caller must hold mu.
func (s *subscription) addLocked(m *membership) {
	m.index = len(s.members)
	if s.members == nil {
		s.members = s.first[:0]
	}
	s.members = append(s.members, member{client: m.session.client, membership: m})
	if m.index == len(s.first) { // append has moved members to another array
		clear(s.first[:])
	}
}

// removeLocked takes a holder away and reports whether it was one. The last member takes its place. Caller must hold
// mu.
func (s *subscription) removeLocked(m *membership) bool {
	switch m.index {
	case indexRemoved:
		return false
	case indexPaused:
		s.removePausedLocked(m)
		return true
	}
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
