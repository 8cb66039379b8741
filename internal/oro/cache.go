package oro

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// maxCached bounds the names that are remembered. The one that was used longest ago is forgotten.
	maxCached = 10_000
	// unknownFor is how long an unknown name is remembered, if users are remembered longer.
	unknownFor = time.Second
)

// CacheOptions configure a [Cache].
type CacheOptions struct {
	Users       Users
	TTL         time.Duration // how long a user is remembered; 0 remembers none
	Timeout     time.Duration // bounds a question, with the time that it waits for others
	Concurrency int           // bounds the questions that are open at once
}

// Cache remembers users for seconds. Questions for one name at the same time are one question. It keeps strangers
// with ever new names from flooding the application: at most [CacheOptions.Concurrency] questions are open, and the
// others wait within their time. An error is never remembered. Safe for concurrent use.
type Cache struct {
	options CacheOptions
	places  chan struct{} // one value for each open question
	flights singleflight.Group

	questions, failures, hits atomic.Uint64

	mu      sync.Mutex // guards the fields below
	entries map[string]*list.Element
	recent  *list.List // of *cached, most recently used first
}

// cached is the answer to a name.
type cached struct {
	name  string
	user  *User // nil: unknown
	until time.Time
}

// CacheStats are counts since the start.
type CacheStats struct {
	Questions uint64 // that were asked, answered or not
	Failures  uint64 // questions without an answer
	Hits      uint64 // users that were remembered
}

// NewCache returns a cache in front of users.
func NewCache(options CacheOptions) *Cache {
	return &Cache{
		options: options,
		places:  make(chan struct{}, options.Concurrency),
		entries: make(map[string]*list.Element),
		recent:  list.New(),
	}
}

// Find implements [Users]. Callers must not change the user.
func (c *Cache) Find(ctx context.Context, name string) (*User, error) {
	if !findable(name) {
		return nil, nil
	}
	if user, ok := c.lookUp(name); ok {
		c.hits.Add(1)
		return user, nil
	}
	answer := c.flights.DoChan(name, func() (any, error) {
		// The caller that asks first may leave while others wait for the same answer.
		return c.ask(context.WithoutCancel(ctx), name)
	})
	select {
	case result := <-answer:
		user, _ := result.Val.(*User)
		return user, result.Err
	case <-ctx.Done():
		return nil, fmt.Errorf("find the user: %w", context.Cause(ctx))
	}
}

// ask asks for a user and remembers the answer.
func (c *Cache) ask(ctx context.Context, name string) (*User, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.options.Timeout, errTooLate)
	defer cancel()
	c.questions.Add(1)
	select {
	case c.places <- struct{}{}:
		defer func() { <-c.places }()
	case <-ctx.Done():
		c.failures.Add(1)
		return nil, fmt.Errorf("%d others are being asked for (oro.users.concurrency): %w", c.options.Concurrency, errTooLate)
	}
	asked := time.Now()
	user, err := c.options.Users.Find(ctx, name)
	if err != nil {
		c.failures.Add(1)
		if ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", errTooLate, err)
		}
		return nil, err
	}
	c.keep(&cached{name: name, user: user}, asked)
	return user, nil
}

// errTooLate says that the application took too long.
var errTooLate = errors.New("the user was not found in time (oro.users.timeout)")

func (c *Cache) lookUp(name string) (user *User, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.entries[name]
	if !ok {
		return nil, false
	}
	entry, _ := element.Value.(*cached)
	if !time.Now().Before(entry.until) {
		c.dropLocked(element)
		return nil, false
	}
	c.recent.MoveToFront(element)
	return entry.user, true
}

// keep stores an answer. Its time begins with the question, so that nothing older than the TTL counts.
func (c *Cache) keep(entry *cached, asked time.Time) {
	ttl := c.options.TTL
	if entry.user == nil {
		ttl = min(ttl, unknownFor)
	}
	if ttl <= 0 {
		return
	}
	entry.until = asked.Add(ttl)
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, ok := c.entries[entry.name]; ok {
		c.dropLocked(old)
	}
	for len(c.entries) >= maxCached {
		c.dropLocked(c.recent.Back())
	}
	c.entries[entry.name] = c.recent.PushFront(entry)
}

// dropLocked removes an entry. Caller must hold mu.
func (c *Cache) dropLocked(element *list.Element) {
	entry, _ := c.recent.Remove(element).(*cached)
	delete(c.entries, entry.name)
}

// Stats returns the counts.
func (c *Cache) Stats() CacheStats {
	return CacheStats{Questions: c.questions.Load(), Failures: c.failures.Load(), Hits: c.hits.Load()}
}

// Interface guards.
var _ Users = (*Cache)(nil)
