// Package logonce decides which of many equal log lines are written. A mistake that clients repeat, such as a page of
// an origin that is not listed, is logged when it is first seen, and again after a while. What a stranger can make up,
// such as an origin, never fills the log or the memory.
//
// The package writes nothing. It knows no logger.
package logonce

import (
	"strings"
	"sync"
	"time"
)

// The defaults of [Options].
const (
	DefaultMost  = 64 // more than a site has origins, and few enough to read
	DefaultAgain = time.Hour
)

// maxKey bounds the memory of a key.
const maxKey = 256

// Options configures a [Set]. The zero value has the defaults.
type Options struct {
	Most  int           // keys that are remembered
	Again time.Duration // after which the line of a key is written again
}

// Set remembers which lines were written. Safe for concurrent use.
type Set struct {
	options Options

	mu   sync.Mutex // guards what follows; a leaf
	keys map[string]*entry
	more entry // stands for all keys that found no room
}

type entry struct {
	at   time.Time // of the last line
	left uint64    // since then
}

// Turn is the decision on one line.
type Turn struct {
	Write bool   // the line is due
	Full  bool   // no room was left for the key: the line is to say that there are more of its kind
	Left  uint64 // lines that were left out since the last one
}

// New returns an empty set.
func New(o Options) *Set {
	if o.Most <= 0 {
		o.Most = DefaultMost
	}
	if o.Again <= 0 {
		o.Again = DefaultAgain
	}
	return &Set{options: o, keys: make(map[string]*entry)}
}

// Next counts a line and reports whether it is due.
func (s *Set) Next(key string) Turn {
	if len(key) > maxKey {
		key = key[:maxKey]
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.keys[key]
	if e == nil && len(s.keys) >= s.options.Most {
		s.forgetLocked(now)
	}
	switch {
	case e != nil:
	case len(s.keys) >= s.options.Most:
		turn := s.more.next(now, s.options.Again)
		turn.Full = true
		return turn
	default:
		e = new(entry)
		s.keys[strings.Clone(key)] = e
	}
	return e.next(now, s.options.Again)
}

// forgetLocked makes room by forgetting the keys whose line would be written again. Caller must hold mu.
func (s *Set) forgetLocked(now time.Time) {
	for key, e := range s.keys {
		if now.Sub(e.at) >= s.options.Again {
			delete(s.keys, key)
		}
	}
}

func (e *entry) next(now time.Time, again time.Duration) Turn {
	if !e.at.IsZero() && now.Sub(e.at) < again {
		e.left++
		return Turn{}
	}
	turn := Turn{Write: true, Left: e.left}
	e.at, e.left = now, 0
	return turn
}
