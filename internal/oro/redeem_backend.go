package oro

import (
	"container/list"
	"context"
	"crypto/sha256"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/router/peer"
)

// DefaultBackendTickets bounds the tickets of backends that are remembered, at some 250 bytes each. Every page that the
// application renders may need one, and each is remembered for five minutes, so this is 200 pages in a second.
const DefaultBackendTickets = 65_536

const (
	method   = "oro-ticket" // WAMP authmethod
	provider = "oro"        // WAMP authprovider
	// backendAccount is the account of all backends.
	backendAccount = "oro backend"
)

// redeemBackend checks the ticket of a backend. One that comes again needs no digest, so it does not wait either.
func (t *Tickets) redeemBackend(ctx context.Context, l *ticketLogin) (*peer.Identity, *ticketRefusal) {
	if allowed := t.options.Backends; len(allowed) > 0 && !slices.ContainsFunc(allowed, func(p netip.Prefix) bool { return p.Contains(l.from) }) {
		return nil, refuseTicket(BackendAddress, "backends may not connect from this address (oro.backends)")
	}
	t.classify(l, backendAccount)
	proof := l.proof()
	first, known := t.backends.first(proof)
	if !known {
		if refused := t.mayTry(l); refused != nil {
			return nil, refused
		}
		if refused := t.checkBackend(ctx, l); refused != nil {
			return nil, refused
		}
		first = t.backends.add(proof, l.from, l.until())
	}
	if first != l.from {
		return nil, refuseTicket(Used, "the ticket was used before, from another address; that of a backend is good at one")
	}
	t.options.Attempts.Succeeded(l.account)
	return &peer.Identity{ID: "oro-backend", Name: "Oro backend", Roles: []string{"backend"}, Backend: true, Method: method, Provider: provider}, nil
}

// backendTickets remembers the addresses that tickets of backends were used from first. Safe for concurrent use.
type backendTickets struct {
	most int // static

	mu    sync.Mutex // guards what follows; a leaf
	used  map[[sha256.Size]byte]*list.Element
	order list.List // of *backendTicket, the oldest first
}

type backendTicket struct {
	proof [sha256.Size]byte
	from  netip.Addr
	until time.Time
}

func newBackendTickets(most int) *backendTickets {
	return &backendTickets{most: most, used: make(map[[sha256.Size]byte]*list.Element)}
}

// first returns the address that a ticket was used from first. A ticket that was checked needs no check again, because
// its proof has all that was checked.
func (b *backendTickets) first(proof [sha256.Size]byte) (from netip.Addr, known bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.firstLocked(proof)
}

func (b *backendTickets) firstLocked(proof [sha256.Size]byte) (from netip.Addr, known bool) {
	place := b.used[proof]
	if place == nil {
		return netip.Addr{}, false
	}
	used, _ := place.Value.(*backendTicket)
	return used.from, true
}

// add remembers a ticket that was checked, and returns the address that it was used from first. If there is no room,
// the oldest is forgotten: it is good at every address again until it is outdated.
func (b *backendTickets) add(proof [sha256.Size]byte, from netip.Addr, until time.Time) (first netip.Addr) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if first, known := b.firstLocked(proof); known { // by another connection meanwhile
		return first
	}
	for place := b.order.Front(); place != nil; place = b.order.Front() {
		oldest, _ := place.Value.(*backendTicket)
		if b.order.Len() < b.most && time.Now().Before(oldest.until) {
			break
		}
		delete(b.used, oldest.proof)
		b.order.Remove(place)
	}
	b.used[proof] = b.order.PushBack(&backendTicket{proof, from, until})
	return from
}
