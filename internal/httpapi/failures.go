package httpapi

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	// DefaultKeyFailures is the number of requests with a wrong key that an address may make in a minute. A
	// person with a mistyped key makes fewer. A key of 16 random bytes cannot be guessed with many more.
	DefaultKeyFailures = 30
	// maxFailing bounds the table of addresses, at some 60 bytes each. If more addresses fail within a
	// minute, the others share one entry.
	maxFailing = 10_000
	// maxHomes bounds the known addresses of a key: a backend may have several machines or gateways.
	maxHomes = 16
	// siteBits is the length of the prefix of an IPv6 site. The site chooses the other bits itself, and
	// has more addresses than a table can hold.
	siteBits = 64
)

// failures limits the attempts of one address with unknown keys, by a token bucket for each address. A
// bucket is stored as the time when it will be full again.
//
// An address with an empty bucket gets 429 for correct keys, too: otherwise the answer would tell a correct
// key from a wrong one, and guessing would not be limited. A key that was accepted from an address before is
// always accepted from there, so an attacker cannot shut out the backends behind the same proxy.
type failures struct {
	every time.Duration // between two attempts; a full bucket holds the attempts of a minute

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

// siteOf returns the prefix that an address is counted by. Invalid addresses share one.
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

// accept returns how long a correct key has to wait before the address may use it, and remembers the address
// if that is 0.
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

// reject counts a wrong key. If the bucket was empty already, it returns how long the address has to wait.
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

// wait returns the time until a bucket that will be full at that moment holds one attempt.
func (f *failures) wait(full time.Time) time.Duration {
	return max(0, time.Until(full.Add(f.every-time.Minute)))
}

// sweepLocked deletes full buckets, at most once in f.every. Caller must hold mu.
func (f *failures) sweepLocked(now time.Time) {
	if now.Sub(f.swept) < f.every {
		return
	}
	f.swept = now
	maps.DeleteFunc(f.full, func(_ netip.Prefix, full time.Time) bool { return !full.After(now) })
}
