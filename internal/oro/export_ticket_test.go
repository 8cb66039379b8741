package oro

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"net/netip"
	"time"
)

// DecodeLenient decodes base64 as PHP does.
func DecodeLenient(text string) string { return decodeLenient(text) }

// ParsedTicket is a ticket that was read.
type ParsedTicket struct{ Digest, Username, Nonce, Created string }

// ParseTicket reads a ticket.
func ParseTicket(text string) (ParsedTicket, error) {
	t, err := parseTicket(text)
	if err != nil {
		return ParsedTicket{}, err
	}
	return ParsedTicket{base64.StdEncoding.EncodeToString(t.digest[:]), t.username, t.nonce, t.created}, nil
}

// ParseCreated reads the date of a ticket.
func ParseCreated(created string) time.Time { return parseCreated(created) }

// FirstHash returns the first SHA-512 of a digest.
func (p ParsedTicket) FirstHash(password, secret string) [sha512.Size]byte {
	t := ticket{nonce: p.Nonce, created: p.Created}
	return sha512.Sum512(t.hashed(password, secret)[sha512.Size:])
}

// Expected returns the digest that the ticket should have.
func (p ParsedTicket) Expected(password, secret string) string {
	t := ticket{nonce: p.Nonce, created: p.Created}
	sum := t.expected(password, secret)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// ReplaceDigests has all digests be right that right reports, after compute has returned.
func (t *Tickets) ReplaceDigests(compute func(username, password string), right func(username string) bool) {
	t.digest = func(l *ticket, password, _ string) [sha512.Size]byte {
		compute(l.username, password)
		if right(l.username) {
			return l.digest
		}
		return [sha512.Size]byte{}
	}
}

// The lanes, in the order in which they are served.
const (
	LaneBackends      = int(laneBackends)
	LaneOtherBackends = int(laneOtherBackends)
	LaneKnownPages    = int(laneKnownPages)
	LanePages         = int(lanePages)
)

// DigestQueue is the queue for digests.
type DigestQueue struct{ q *digestQueue }

// NewDigestQueue returns an empty queue.
func NewDigestQueue(o LoginOptions) DigestQueue { return DigestQueue{newDigestQueue(o.withDefaults())} }

// Do calls compute when it is its turn.
func (d DigestQueue) Do(ctx context.Context, l int, compute func()) error {
	return d.q.do(ctx, lane(l), d.q.wait(l <= LaneOtherBackends), compute)
}

// Free returns the cores that are free.
func (d DigestQueue) Free() int {
	d.q.mu.Lock()
	defer d.q.mu.Unlock()
	return d.q.free
}

// BackendTickets are those that are remembered.
type BackendTickets struct{ b *backendTickets }

// NewBackendTickets returns an empty memory.
func NewBackendTickets(most int) BackendTickets { return BackendTickets{newBackendTickets(most)} }

// Add remembers the ticket of a name, and returns the address that it was used from first.
func (b BackendTickets) Add(name string, from netip.Addr, until time.Time) netip.Addr {
	return b.b.add(sha256.Sum256([]byte(name)), from, until)
}

// Len returns how many are remembered.
func (b BackendTickets) Len() int { return len(b.b.used) }
