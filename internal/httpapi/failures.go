package httpapi

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	// DefaultKeyFailures is how many requests with a wrong key an address may make in a minute. A
	// person who tries a key out makes fewer, and nobody guesses a key of 16 random bytes with more.
	DefaultKeyFailures = 30
	// maxFailing bounds the addresses that are remembered, at some 60 bytes each. If more fail within
	// a minute, the others are counted as one.
	maxFailing = 10_000
	// maxHomes is how many addresses a key is known to come from: those of a backend with several
	// machines, or with several ways out.
	maxHomes = 16
	// siteBits of an IPv6 address are what a site cannot choose; with the others it has more
	// addresses than could be counted.
	siteBits = 64
)

// failures limits how often one address may try keys that do not exist, by a token bucket for each
// (as a time: the moment when the bucket will be full again).
//
// Who has spent them gets 429 whatever the key is. If a correct one were let through, the answer
// would tell it from a wrong one, and nothing would be limited. So that one who guesses does not shut
// out the backends behind the same proxy, a key that was accepted from an address before is always
// accepted from there; only one that is new to the address has to wait with the others.
type failures struct {
	every time.Duration // until another attempt is allowed; a full bucket holds those of a minute

	mu    sync.Mutex // guards what follows
	full  map[netip.Prefix]time.Time
	homes map[string][]netip.Prefix // by name of the key; the latest last
	swept time.Time
}

func newFailures(perMinute int) *failures {
	return &failures{
		every: time.Minute / time.Duration(perMinute),
		full:  map[netip.Prefix]time.Time{},
		homes: map[string][]netip.Prefix{},
	}
}

// siteOf is what an address is counted by. What is no address is counted as one.
func siteOf(a netip.Addr) netip.Prefix {
	bits := a.BitLen()
	if a.Is6() {
		bits = siteBits
	}
	site, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return site
}

// accept is asked before a correct key is let in, and gives how long it has to wait; 0: not at all.
func (f *failures) accept(from netip.Addr, name string) time.Duration {
	site := siteOf(from)
	f.mu.Lock()
	defer f.mu.Unlock()
	homes := f.homes[name]
	if slices.Contains(homes, site) {
		return 0
	}
	if wait := f.wait(f.full[site]); wait > 0 {
		return wait
	}
	if len(homes) == maxHomes {
		homes = slices.Delete(homes, 0, 1)
	}
	f.homes[name] = append(homes, site)
	return 0
}

// reject counts a wrong key, and gives how long the next one has to wait if this was one too many.
func (f *failures) reject(from netip.Addr) time.Duration {
	site, now := siteOf(from), time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, known := f.full[site]; !known && len(f.full) >= maxFailing {
		if f.sweepLocked(now); len(f.full) >= maxFailing {
			site = netip.Prefix{}
		}
	}
	full := f.full[site]
	if wait := f.wait(full); wait > 0 {
		return wait
	}
	if full.Before(now) {
		full = now
	}
	f.full[site] = full.Add(f.every)
	return 0
}

// wait gives how long it takes until a bucket that is full at that moment holds one attempt.
func (f *failures) wait(full time.Time) time.Duration {
	return max(0, time.Until(full.Add(f.every-time.Minute)))
}

// sweepLocked forgets who has a full bucket again; not for each of a flood of requests.
func (f *failures) sweepLocked(now time.Time) {
	if now.Sub(f.swept) < f.every {
		return
	}
	f.swept = now
	maps.DeleteFunc(f.full, func(_ netip.Prefix, full time.Time) bool { return !full.After(now) })
}
