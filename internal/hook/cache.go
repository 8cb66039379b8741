package hook

import (
	"container/list"
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/tidings-io/tidings/internal/wamp"
)

// CacheOptions configure a [Cache].
type CacheOptions struct {
	Decider Decider
	TTL     time.Duration // the longest time that a decision is kept; 0 keeps none
	Size    int           // the number of decisions that are kept at a time
}

// Cache keeps the decisions that its decider marks as cacheable. A decision is for one identity, one
// action and one URI. The key leaves out the payload, so a decider that looks at payloads must not
// mark its decisions. Cache keeps neither errors nor decisions that replace the payload. It is safe
// for concurrent use.
type Cache struct {
	options CacheOptions

	mu      sync.Mutex // guards the fields below
	entries map[cacheKey]*list.Element
	recent  *list.List // of *cacheEntry, most recently used first
	epoch   int        // grows with each Forget
}

type cacheKey [sha256.Size]byte

type cacheEntry struct {
	key      cacheKey
	decision Decision
	epoch    int
}

// NewCache returns a cache in front of a decider.
func NewCache(options CacheOptions) *Cache {
	return &Cache{options: options, entries: make(map[cacheKey]*list.Element), recent: list.New()}
}

// Decide implements [Decider]. It sets Until on a decision that is kept.
func (c *Cache) Decide(ctx context.Context, q *Query) (Decision, error) {
	key, err := keyOf(q)
	if err != nil {
		return c.options.Decider.Decide(ctx, q)
	}
	decision, epoch, ok := c.lookUp(key)
	if ok {
		return decision, nil
	}
	decision, err = c.options.Decider.Decide(ctx, q)
	if ttl := min(decision.Cache, c.options.TTL); err == nil && ttl > 0 && decision.Payload == nil && c.options.Size > 0 {
		decision.Until = time.Now().Add(ttl)
		c.keep(&cacheEntry{key: key, decision: decision, epoch: epoch})
	}
	return decision, err
}

// keyOf hashes everything of a query that a decision may depend on. Two sessions of one user share a
// key only if the query says the same about both.
func keyOf(q *Query) (cacheKey, error) {
	text, err := json.Marshal(struct {
		Identity wireIdentity
		Key      string
		Action   string
		URI      wamp.URI
		Match    string
	}{wireIdentityOf(q.Identity), apiKeyOf(q), q.Action.String(), q.Topic, q.Match.String()}, json.Deterministic(true))
	if err != nil {
		return cacheKey{}, fmt.Errorf("encode the key of a decision: %w", err)
	}
	return sha256.Sum256(text), nil
}

func apiKeyOf(q *Query) string {
	if q.Identity == nil {
		return ""
	}
	return q.Identity.Key
}

func (c *Cache) lookUp(key cacheKey) (decision Decision, epoch int, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.entries[key]
	if !ok {
		return Decision{}, c.epoch, false
	}
	entry, _ := element.Value.(*cacheEntry)
	if !time.Now().Before(entry.decision.Until) {
		c.dropLocked(element)
		return Decision{}, c.epoch, false
	}
	c.recent.MoveToFront(element)
	return entry.decision, c.epoch, true
}

// keep stores an entry, unless Forget was called after the query began.
func (c *Cache) keep(entry *cacheEntry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if entry.epoch != c.epoch {
		return
	}
	if old, ok := c.entries[entry.key]; ok {
		c.dropLocked(old)
	}
	for len(c.entries) >= c.options.Size {
		c.dropLocked(c.recent.Back())
	}
	c.entries[entry.key] = c.recent.PushFront(entry)
}

// dropLocked removes an entry. Caller must hold mu.
func (c *Cache) dropLocked(element *list.Element) {
	entry, _ := c.recent.Remove(element).(*cacheEntry)
	delete(c.entries, entry.key)
}

// Forget drops all decisions, and those of queries that are open.
func (c *Cache) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	clear(c.entries)
	c.recent.Init()
}

// Len returns the number of decisions that are kept.
func (c *Cache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.entries)
}

// Interface guards.
var _ Decider = (*Cache)(nil)
