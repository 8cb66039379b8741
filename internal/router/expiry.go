package router

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

const textExpired = "the identity has expired: log in again"

// expiries ends the sessions of a realm whose identity has expired. One timer serves all of them. A session whose
// identity never expires has no entry.
type expiries struct {
	mu      sync.Mutex // guards what follows; no other lock is taken while it is held
	entries map[*Session]*expiry
	queue   expiryQueue
	timer   *time.Timer // nil before the first entry
}

// expiry is the time at which an identity expires.
type expiry struct {
	session *Session
	at      time.Time
	index   int // in the queue
}

// set sets the time at which the identity of a session expires. The zero time removes the session.
func (e *expiries) set(s *Session, at time.Time, expire func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if entry := e.entries[s]; entry != nil {
		heap.Remove(&e.queue, entry.index)
		delete(e.entries, s)
	}
	if !at.IsZero() {
		if e.entries == nil {
			e.entries = make(map[*Session]*expiry)
		}
		entry := &expiry{session: s, at: at}
		e.entries[s] = entry
		heap.Push(&e.queue, entry)
	}
	e.scheduleLocked(expire)
}

// scheduleLocked sets the timer to the earliest entry. Caller must hold mu.
func (e *expiries) scheduleLocked(expire func()) {
	switch {
	case len(e.queue) == 0:
		if e.timer != nil {
			e.timer.Stop()
		}
	case e.timer == nil:
		e.timer = time.AfterFunc(time.Until(e.queue[0].at), expire)
	default:
		e.timer.Reset(time.Until(e.queue[0].at))
	}
}

// takeDue removes and returns the sessions whose time has come.
func (e *expiries) takeDue(expire func()) []*Session {
	e.mu.Lock()
	defer e.mu.Unlock()
	var due []*Session
	for now := time.Now(); len(e.queue) > 0 && !e.queue[0].at.After(now); {
		entry, _ := heap.Pop(&e.queue).(*expiry)
		delete(e.entries, entry.session)
		due = append(due, entry.session)
	}
	e.scheduleLocked(expire)
	return due
}

// expireDue ends the sessions whose identity has expired. It runs in the goroutine of the timer.
func (r *Realm) expireDue() {
	for _, s := range r.expiries.takeDue(r.expireDue) {
		s.client.runRecovered(s.expire)
	}
}

// expire ends the session, unless its identity was renewed meanwhile.
func (s *Session) expire() {
	if s.markExpired() {
		s.client.goodbye(wamp.CloseIdentityExpired, CloseInfo{Reason: CloseExpired, Text: textExpired})
	}
}

// markExpired makes the session one that cannot be renewed, if its identity has expired.
func (s *Session) markExpired() bool {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	if !s.Identity().expired(time.Now()) {
		return false
	}
	s.expired = true
	return true
}

// watchExpiry makes the realm end the session when its identity expires. Must not hold client.mu.
func (s *Session) watchExpiry() {
	expire := s.realm.expireDue
	s.realm.expiries.set(s, s.Identity().Expires, expire)
	s.client.mu.Lock()
	left := s.left || s.client.session.Load() != s
	s.client.mu.Unlock()
	if left { // meanwhile, so the session does not remove itself
		s.realm.expiries.set(s, time.Time{}, expire)
	}
}

// Reauthenticate gives a live session another identity of the same user, such as one that expires later or has other
// roles. Cached decisions of the session are void, and what the session holds is checked again, as by [Realm.Recheck].
// The error is a [*wamp.Failure].
func (s *Session) Reauthenticate(ctx context.Context, identity *Identity) error {
	before, err := s.renew(identity)
	if err != nil {
		return err
	}
	if !before.Expires.Equal(identity.Expires) {
		s.watchExpiry()
	}
	s.recheck(ctx)
	return ctx.Err()
}

// renew replaces the identity and returns the former one.
func (s *Session) renew(identity *Identity) (before *Identity, err error) {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	before = s.Identity()
	switch {
	case s.left || s.expired:
		return nil, wamp.Fail(wamp.ErrNoSuchSession, "the session has ended: join again")
	case !before.sameUser(identity):
		return nil, wamp.Fail(wamp.ErrAuthenticationDenied, "the session is that of %q: join again as %q", before.ID, identity.ID)
	case identity.expired(time.Now()):
		return nil, wamp.Fail(wamp.ErrAuthenticationDenied, textExpired)
	}
	s.identity.Store(identity)
	return before, nil
}

// expiryQueue is a heap with the earliest entry first.
type expiryQueue []*expiry

func (q expiryQueue) Len() int           { return len(q) }
func (q expiryQueue) Less(i, j int) bool { return q[i].at.Before(q[j].at) }

func (q expiryQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

// Push implements [heap.Interface].
func (q *expiryQueue) Push(x any) {
	added := x.(*expiry)
	added.index = len(*q)
	*q = append(*q, added)
}

// Pop implements [heap.Interface].
func (q *expiryQueue) Pop() any {
	last := (*q)[len(*q)-1]
	(*q)[len(*q)-1] = nil
	*q = (*q)[:len(*q)-1]
	return last
}
