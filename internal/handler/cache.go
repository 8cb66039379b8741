package handler

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
	Asker Asker
	TTL   time.Duration // the longest time that an answer is kept; 0 keeps none
	Size  int           // answers that are kept at a time
}

// Cache keeps the answers of an asker that says they may be kept. An answer is for one identity, one
// action and one URI; payloads are not looked at, so who decides by them must not say so. What has
// no answer, or comes with a payload of its own, is never kept. It is safe for concurrent use.
type Cache struct {
	options CacheOptions

	mu      sync.Mutex // guards what follows
	answers map[cacheKey]*list.Element
	recent  *list.List // of *kept, the one that was used last in front
	epoch   int        // grows when all are forgotten
}

type cacheKey [sha256.Size]byte

type kept struct {
	key    cacheKey
	answer Answer
	until  time.Time
	epoch  int
}

// NewCache puts a cache in front of an asker.
func NewCache(options CacheOptions) *Cache {
	return &Cache{options: options, answers: make(map[cacheKey]*list.Element), recent: list.New()}
}

// Ask implements [Asker].
func (c *Cache) Ask(ctx context.Context, r *Request) (Answer, error) {
	key, err := keyOf(r)
	if err != nil {
		return c.options.Asker.Ask(ctx, r)
	}
	answer, epoch, ok := c.lookUp(key)
	if ok {
		return answer, nil
	}
	answer, err = c.options.Asker.Ask(ctx, r)
	if life := min(answer.Cache, c.options.TTL); err == nil && life > 0 && answer.Payload == nil && c.options.Size > 0 {
		c.keep(&kept{key: key, answer: answer, until: time.Now().Add(life), epoch: epoch})
	}
	return answer, err
}

// keyOf is everything of a request that an answer may depend on. Two sessions of one user share it
// only if they are the same in everything that the question says of them.
func keyOf(r *Request) (cacheKey, error) {
	text, err := json.Marshal(struct {
		Who    person
		Key    string
		Action string
		URI    wamp.URI
		Match  string
	}{personOf(r.Identity), backendOf(r), r.Action.String(), r.Topic, r.Match.String()}, json.Deterministic(true))
	if err != nil {
		return cacheKey{}, fmt.Errorf("encode the key of an answer: %w", err)
	}
	return sha256.Sum256(text), nil
}

func backendOf(r *Request) string {
	if r.Identity == nil {
		return ""
	}
	return r.Identity.Key
}

func (c *Cache) lookUp(key cacheKey) (answer Answer, epoch int, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.answers[key]
	if !ok {
		return Answer{}, c.epoch, false
	}
	k, _ := element.Value.(*kept)
	if !time.Now().Before(k.until) {
		c.dropLocked(element)
		return Answer{}, c.epoch, false
	}
	c.recent.MoveToFront(element)
	return k.answer, c.epoch, true
}

// keep does not keep what was asked for before everything was forgotten.
func (c *Cache) keep(k *kept) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k.epoch != c.epoch {
		return
	}
	if old, ok := c.answers[k.key]; ok {
		c.dropLocked(old)
	}
	for len(c.answers) >= c.options.Size {
		c.dropLocked(c.recent.Back())
	}
	c.answers[k.key] = c.recent.PushFront(k)
}

func (c *Cache) dropLocked(element *list.Element) {
	k, _ := c.recent.Remove(element).(*kept)
	delete(c.answers, k.key)
}

// Forget drops all answers: who is asked has changed its mind.
func (c *Cache) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	clear(c.answers)
	c.recent.Init()
}

// Len is how many answers are kept.
func (c *Cache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.answers)
}

// Interface guards.
var _ Asker = (*Cache)(nil)
