package oro

import (
	"slices"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/router"
)

const (
	// maxRemembered bounds the tags that are remembered; the oldest go first.
	maxRemembered = 20_000
	// maxLost bounds the connections that were lost and may come back, maxLostOfOne those of one browser.
	maxLost      = 50_000
	maxLostOfOne = 32
)

// missed knows which tags pages have missed whose connection was lost. Safe for concurrent use.
//
// A page of version 1 has no name. What comes from the same address, with the same agent and user, within the time in
// which Oro's pages try again, is taken for the one that was lost: the first that was lost comes back first. A page
// of the SDK names its tab, so only that tab comes back, from any address. A page that closed its connection, as
// browsers do when they leave a page, is not waited for.
type missed struct {
	keep time.Duration // 0: nothing is remembered

	mu   sync.Mutex // guards what follows
	tags []rememberedTag
	lost map[browser][]time.Time // when connections were lost, oldest first
	n    int                     // of all times in lost
}

type rememberedTag struct {
	tag
	at time.Time
}

// browser identifies pages as far as they can be told apart.
type browser struct{ user, tab, address, agent string }

func browserOf(s *router.Session) browser {
	if tab := s.Tab(); tab != "" {
		return browser{user: s.Identity().ID, tab: tab}
	}
	return browser{user: s.Identity().ID, address: s.Address(), agent: s.Peer().UserAgent}
}

// remember remembers tags that were published.
func (m *missed) remember(tags []tag, now time.Time) {
	if m.keep == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range tags {
		m.tags = append(m.tags, rememberedTag{t, now})
	}
	first := max(0, len(m.tags)-maxRemembered)
	for first < len(m.tags) && now.Sub(m.tags[first].at) > m.keep {
		first++
	}
	m.tags = slices.Delete(m.tags, 0, first)
}

// lose notes that the connection of a page was lost.
func (m *missed) lose(b browser, now time.Time) {
	if m.keep == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.n >= maxLost {
		m.sweepLocked(now)
	}
	if m.lost == nil {
		m.lost = make(map[browser][]time.Time)
	}
	if m.n >= maxLost || len(m.lost[b]) >= maxLostOfOne {
		return
	}
	m.lost[b] = append(m.lost[b], now)
	m.n++
}

// sweepLocked forgets the connections that do not come back any more. Caller must hold mu.
func (m *missed) sweepLocked(now time.Time) {
	for b, times := range m.lost {
		m.setLocked(b, slices.DeleteFunc(times, func(at time.Time) bool { return now.Sub(at) > m.keep }), len(times))
	}
}

func (m *missed) setLocked(b browser, times []time.Time, before int) {
	m.n += len(times) - before
	if len(times) == 0 {
		delete(m.lost, b)
		return
	}
	m.lost[b] = times
}

// comeBack returns the tags that were published since the connection of a page was lost, each once.
func (m *missed) comeBack(b browser, now time.Time) (tags []tag) {
	m.mu.Lock()
	defer m.mu.Unlock()
	times := m.lost[b]
	before := len(times)
	times = slices.DeleteFunc(times, func(at time.Time) bool { return now.Sub(at) > m.keep })
	if len(times) == 0 {
		m.setLocked(b, nil, before)
		return nil
	}
	since := times[0]
	m.setLocked(b, times[1:], before)
	told := make(map[string]bool)
	for _, t := range m.tags {
		if !t.at.Before(since) && !told[t.json] {
			told[t.json] = true
			tags = append(tags, t.tag)
		}
	}
	return tags
}
