package attempts

import (
	"hash/maphash"
	"maps"
	"math"
	"time"
)

// buckets are token buckets of attempts, one for each key. A bucket holds the attempts of a minute, and is stored as
// the time when it will be full again.
type buckets[K comparable] struct {
	every time.Duration // between two attempts
	full  map[K]time.Time
	swept time.Time
}

func newBuckets[K comparable]() buckets[K] { return buckets[K]{full: make(map[K]time.Time)} }

// wait returns the time until the bucket of a key holds one attempt.
func (b *buckets[K]) wait(key K) time.Duration { return b.waitAt(b.keyOf(key)) }

// waitAt is wait for a key that shares its bucket with no other.
func (b *buckets[K]) waitAt(key K) time.Duration {
	return waitFor(b.full[key], b.every)
}

// take takes one attempt from the bucket of a key, even if there is none.
func (b *buckets[K]) take(key K) {
	key = b.keyOf(key)
	b.full[key] = taken(b.full[key], b.every)
}

// keyOf returns the key of the bucket that is for a key: the zero key once the table is full.
func (b *buckets[K]) keyOf(key K) K {
	if _, failing := b.full[key]; failing || len(b.full) < maxFailing {
		return key
	}
	if b.sweep(time.Now()); len(b.full) < maxFailing {
		return key
	}
	var shared K
	return shared
}

// sweep deletes full buckets, at most once in every.
func (b *buckets[K]) sweep(now time.Time) {
	if now.Sub(b.swept) < b.every {
		return
	}
	b.swept = now
	maps.DeleteFunc(b.full, func(_ K, full time.Time) bool { return !full.After(now) })
}

// waitFor returns the time until a bucket that will be full at that moment holds one attempt.
func waitFor(full time.Time, every time.Duration) time.Duration {
	if full.IsZero() {
		return 0
	}
	return max(0, time.Until(full.Add(every-time.Minute)))
}

// taken returns when a bucket will be full after one more attempt.
func taken(full time.Time, every time.Duration) time.Time {
	now := time.Now()
	if full.Before(now) {
		full = now
	}
	full = full.Add(every)
	if latest := now.Add(time.Minute + longestWait); full.After(latest) {
		return latest
	}
	return full
}

const (
	accountRows  = 2
	accountCells = 1 << 14
)

// accountBuckets are the token buckets of accounts, in cells that accounts share by their hash. An account has a cell
// in each row, and waits only if both are empty. Strangers choose the names of accounts, so a table of names would
// overflow. Cells do not, and no stranger knows which accounts share a cell.
type accountBuckets struct {
	every time.Duration
	cells *[accountRows][accountCells]time.Time // nil before the first failure
	seeds [accountRows]maphash.Seed
}

func (b *accountBuckets) wait(account string) time.Duration {
	if b.cells == nil || account == "" {
		return 0
	}
	least := time.Duration(math.MaxInt64)
	for row := range accountRows {
		least = min(least, waitFor(*b.cell(row, account), b.every))
	}
	return least
}

func (b *accountBuckets) take(account string) {
	if account == "" {
		return
	}
	if b.cells == nil {
		b.cells = new([accountRows][accountCells]time.Time)
		for row := range b.seeds {
			b.seeds[row] = maphash.MakeSeed()
		}
	}
	for row := range accountRows {
		cell := b.cell(row, account)
		*cell = taken(*cell, b.every)
	}
}

func (b *accountBuckets) cell(row int, account string) *time.Time {
	return &b.cells[row][maphash.String(b.seeds[row], account)%accountCells]
}
