package router

import (
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Subscription is one topic or pattern that is listened to, shared by all who do.
type Subscription struct {
	ID    wamp.ID
	Topic wamp.URI
	Match wamp.Match
}

// subscription is a Subscription and who holds it.
type subscription struct {
	info Subscription

	mu      sync.RWMutex // guards what follows; held while an event goes to all members
	members []member
	first   [1]member          // room for the only one, the usual case of a user's own topic
	locals  []*localSubscriber // replaced, never changed
	pruned  bool               // the broker has forgotten it: look again
	paused  int32              // holders that are not in members, because they catch up
	created time.Time          // when the first of the holders came

	catching *catchUp // subscribers that read what was retained: a linked list, empty but for moments
}

// member is one subscriber as delivery needs it: a row to walk over, next to the others.
type member struct {
	client     *Client
	membership *membership
}

// membership is one subscription of one session.
type membership struct {
	session      *Session
	subscription *subscription
	index        int // in subscription.members, or one of the constants below; guarded by subscription.mu
}

// The values of membership.index for what is not in subscription.members.
const (
	indexRemoved = -1
	indexPaused  = -2
)

func (s *subscription) subscribers() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.holdersLocked()
}

// holdersLocked counts the sessions that hold the subscription. Caller must hold mu.
func (s *subscription) holdersLocked() int { return len(s.members) + int(s.paused) }

func (s *subscription) unusedLocked() bool {
	return len(s.members) == 0 && len(s.locals) == 0 && s.catching == nil
}

func (s *subscription) addLocked(m *membership) {
	m.index = len(s.members)
	if s.members == nil {
		s.members = s.first[:0]
	}
	s.members = append(s.members, member{client: m.session.client, membership: m})
	if m.index == len(s.first) { // it has moved
		clear(s.first[:])
	}
}

// removeLocked takes a member out, if it is in; the last one takes its place.
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
