package auth

import (
	"container/list"
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Cookies remembers which browser logged in as whom. It keeps a hash of the cookie, in memory: a
// restart forgets everybody, and no node knows the browsers of another. It is safe for concurrent use.
type Cookies struct {
	ttl  time.Duration
	most int

	mu      sync.Mutex // guards what follows
	logins  map[cookieHash]*list.Element
	inOrder *list.List // of *cookieLogin, the last login in front
}

type cookieHash [sha256.Size]byte

type cookieLogin struct {
	cookie cookieHash
	who    *router.Identity
	until  time.Time
}

// NewCookies remembers a login for the time, which no use extends, and at most so many of them: over
// it the oldest is forgotten.
func NewCookies(ttl time.Duration, most int) *Cookies {
	return &Cookies{ttl: ttl, most: max(1, most), logins: make(map[cookieHash]*list.Element), inOrder: list.New()}
}

func (c *Cookies) bind(cookie string, who *router.Identity) {
	key := cookieHash(sha256.Sum256([]byte(cookie)))
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, ok := c.logins[key]; ok {
		c.dropLocked(old)
	}
	for len(c.logins) >= c.most {
		c.dropLocked(c.inOrder.Back())
	}
	c.logins[key] = c.inOrder.PushFront(&cookieLogin{key, who, time.Now().Add(c.ttl)})
}

func (c *Cookies) find(cookie string) *router.Identity {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.logins[sha256.Sum256([]byte(cookie))]
	if !ok {
		return nil
	}
	login, _ := element.Value.(*cookieLogin)
	if !time.Now().Before(login.until) {
		c.dropLocked(element)
		return nil
	}
	return login.who
}

func (c *Cookies) drop(cookie string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if element, ok := c.logins[sha256.Sum256([]byte(cookie))]; ok {
		c.dropLocked(element)
	}
}

func (c *Cookies) dropLocked(element *list.Element) {
	login, _ := c.inOrder.Remove(element).(*cookieLogin)
	delete(c.logins, login.cookie)
}

// beginCookie lets a browser in as whom it logged in before.
func (c *Chain) beginCookie(_ context.Context, a *attempt) (router.AuthResult, error) {
	var known *router.Identity
	if a.Peer.Cookie != "" {
		known = c.options.Cookies.find(a.Peer.Cookie)
	}
	switch {
	case known == nil:
		c.counters.count(MethodCookie, Unknown)
		return router.AuthResult{}, wamp.Fail(wamp.ErrAuthenticationDenied, "this browser has not logged in, or too long ago")
	case a.authid != "" && a.authid != known.ID:
		c.counters.count(MethodCookie, Mismatch)
		return router.AuthResult{}, wamp.Fail(wamp.ErrAuthenticationDenied, "this browser logged in as another user than the authid says")
	}
	c.counters.count(MethodCookie, Accepted)
	who := *known
	who.Method = methodCookie
	return router.AuthResult{Identity: &who}, nil
}

// remember binds the browser's cookie to whom it has just proved to be. Programs have none, and who
// was known by the cookie does not stay so for longer by using it.
func (c *Chain) remember(a *attempt, outcome router.AuthResult) router.AuthResult {
	if c.options.Cookies == nil || a.Peer.Cookie == "" {
		return outcome
	}
	if who := outcome.Identity; who != nil {
		if !who.Backend && who.Method != methodAnonymous && who.Method != methodCookie && who.Method != methodTLS {
			c.options.Cookies.bind(a.Peer.Cookie, who)
		}
		return outcome
	}
	if next := outcome.Next; next != nil {
		outcome.Next = func(ctx context.Context, answer *wamp.Authenticate) (router.AuthResult, error) {
			outcome, err := next(ctx, answer)
			if err != nil {
				return outcome, err
			}
			return c.remember(a, outcome), nil
		}
	}
	return outcome
}

// LoggedOut implements [router.LogoutNotifier].
func (c *Chain) LoggedOut(peer router.Peer) {
	if c.options.Cookies != nil && peer.Cookie != "" {
		c.options.Cookies.drop(peer.Cookie)
	}
}

// Interface guards.
var _ router.LogoutNotifier = (*Chain)(nil)
