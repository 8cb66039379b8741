package attempts

import (
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// DefaultPerAddress is the number of failed logins of one address in a minute. A person with a mistyped password
	// makes fewer. A random key cannot be guessed with many more.
	DefaultPerAddress = 30
	// DefaultPerAccount is the number of failed logins at one account in a minute, from all addresses. It is more
	// than three addresses can use up, so that one stranger cannot hold back a user at a new place.
	DefaultPerAccount = 100

	// knownShare is the part of PerAddress that is for one account at an address where it has logged in before.
	knownShare = 3
	// maxFailing bounds the entries of a table, at some 60 bytes each. If more fail within a minute, the others share
	// one entry.
	maxFailing = 10_000
	// maxPlaces bounds the known addresses of an account: a backend may have several machines or gateways.
	maxPlaces = 16
	// maxAccounts bounds the accounts with known addresses. Only successful logins add one.
	maxAccounts = 20_000
	// siteBits is the length of the prefix of an IPv6 site. The site chooses the other bits itself, and
	// has more addresses than a table can hold.
	siteBits = 64
	// longestWait bounds the wait after many attempts that were checked at the same time.
	longestWait = time.Minute
)

// Options configures a [Limit]. The zero value has the defaults.
type Options struct {
	PerAddress, PerAccount int // in a minute
}

// Attempt is one login.
type Attempt struct {
	From    netip.Addr // invalid addresses, such as those of Unix sockets, count as one
	Account string     // as User or Key returns it; "" if the login names none
}

// User returns the account of a user. Spellings that differ in upper and lower case are one account, because an
// application may take them for one.
func User(authid string) string { return "user " + strings.ToLower(authid) }

// Key returns the account of an API key. A user of the same name has another account.
func Key(name string) string { return "key " + name }

// Limit counts failed logins. Safe for concurrent use. A nil Limit counts nothing, and lets every login through.
type Limit struct {
	mu       sync.Mutex // guards what follows
	options  Options
	sites    buckets[netip.Prefix]
	places   buckets[place]
	accounts accountBuckets
	known    map[string][]netip.Prefix // by account; the latest last
}

// place is an account at an address.
type place struct {
	site    netip.Prefix
	account string
}

// New returns a Limit without failures.
func New(o Options) *Limit {
	l := &Limit{sites: newBuckets[netip.Prefix](), places: newBuckets[place](), known: make(map[string][]netip.Prefix)}
	l.Change(o)
	return l
}

// Change replaces the options. Failures that were counted, and addresses that are known, stay.
func (l *Limit) Change(o Options) {
	if o.PerAddress <= 0 {
		o.PerAddress = DefaultPerAddress
	}
	if o.PerAccount <= 0 {
		o.PerAccount = DefaultPerAccount
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.options = o
	l.sites.every = time.Minute / time.Duration(o.PerAddress)
	l.places.every = time.Minute / time.Duration(max(1, o.PerAddress/knownShare))
	l.accounts.every = time.Minute / time.Duration(o.PerAccount)
}

// Options returns the current options.
func (l *Limit) Options() Options {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.options
}

// siteOf returns the prefix that an address is counted by. Invalid addresses share one.
func siteOf(a netip.Addr) netip.Prefix {
	a = a.Unmap()
	bits := a.BitLen()
	if a.Is6() {
		bits = siteBits
	}
	site, err := a.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return site
}

// Wait returns how long an attempt has to wait before its secret may be checked; 0 means that it may be checked now.
func (l *Limit) Wait(a Attempt) time.Duration {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	site := siteOf(a.From)
	if l.isKnownLocked(site, a.Account) {
		return l.places.wait(place{site, a.Account})
	}
	return max(l.sites.wait(site), l.accounts.wait(a.Account))
}

// Failed counts an attempt whose secret was wrong.
func (l *Limit) Failed(a Attempt) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	site := siteOf(a.From)
	if l.isKnownLocked(site, a.Account) {
		l.places.take(place{site, a.Account})
	}
	l.sites.take(site)
	l.accounts.take(a.Account)
}

// Succeeded remembers where an account has logged in.
func (l *Limit) Succeeded(a Attempt) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rememberLocked(siteOf(a.From), a.Account)
}

// Knows reports whether the account has logged in from this address before.
func (l *Limit) Knows(a Attempt) bool {
	if l == nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.isKnownLocked(siteOf(a.From), a.Account)
}

// Accept returns how long the owner of a correct API key has to wait, and remembers the address if that is 0. A key is
// checked first, because that costs little. Without the wait the answer would tell a correct key from a wrong one, and
// guessing would not be limited. A known address never waits.
func (l *Limit) Accept(a Attempt) time.Duration {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	site := siteOf(a.From)
	if l.isKnownLocked(site, a.Account) {
		return 0
	}
	if wait := l.sites.waitAt(site); wait > 0 {
		return wait
	}
	l.rememberLocked(site, a.Account)
	return 0
}

// Reject counts a wrong secret that was checked first, such as an API key. If the address has to wait already, Reject
// returns for how long, and counts nothing.
func (l *Limit) Reject(from netip.Addr) time.Duration {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	site := siteOf(from)
	if wait := l.sites.wait(site); wait > 0 {
		return wait
	}
	l.sites.take(site)
	return 0
}

func (l *Limit) isKnownLocked(site netip.Prefix, account string) bool {
	return account != "" && slices.Contains(l.known[account], site)
}

func (l *Limit) rememberLocked(site netip.Prefix, account string) {
	places := l.known[account]
	if account == "" || slices.Contains(places, site) {
		return
	}
	if len(places) == 0 && len(l.known) >= maxAccounts {
		for other := range l.known { // any: it logs in as from a new address next time
			delete(l.known, other)
			break
		}
	}
	if len(places) == maxPlaces {
		places = slices.Delete(places, 0, 1)
	}
	l.known[account] = append(places, site)
}
