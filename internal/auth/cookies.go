package auth

import (
	"container/list"
	"context"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// cookieMethod is the method "cookie".
var cookieMethod = method{methodCookie, func(o *ChainOptions) bool { return o.Cookies != nil }, (*Chain).beginCookie, false}

// Cookies maps the cookies of browsers to the identities that logged in. It holds hashes of cookies in memory: a
// restart loses them, and nodes do not share them. Safe for concurrent use.
type Cookies struct {
	mu      sync.Mutex // guards the fields below
	ttl     time.Duration
	most    int
	owner   *Chain // whose logins are remembered
	logins  map[cookieHash]*list.Element
	inOrder *list.List // of *cookieLogin, newest first
}

type cookieHash [sha256.Size]byte

type cookieLogin struct {
	cookie   cookieHash
	identity *peer.Identity
	until    time.Time
}

// NewCookies returns a Cookies that keeps each login for ttl, which use does not extend, and at most so many
// logins. A further login replaces the oldest one. A login whose identity expires ends with it.
func NewCookies(ttl time.Duration, most int) *Cookies {
	return &Cookies{ttl: ttl, most: max(1, most), logins: make(map[cookieHash]*list.Element), inOrder: list.New()}
}

func (c *Cookies) own(owner *Chain) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.owner = owner
}

// bind remembers a login by a chain, unless another chain has taken the place of that one.
func (c *Cookies) bind(by *Chain, cookie string, identity *peer.Identity) {
	key := cookieHash(sha256.Sum256([]byte(cookie)))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.owner != by {
		return
	}
	if old, ok := c.logins[key]; ok {
		c.dropLocked(old)
	}
	for len(c.logins) >= c.most {
		c.dropLocked(c.inOrder.Back())
	}
	c.logins[key] = c.inOrder.PushFront(&cookieLogin{key, identity, earlier(identity.Expires, time.Now().Add(c.ttl))})
}

// renew gives the login of a cookie the identity of a new ticket of the same user, with which its time begins again. A
// login that was dropped meanwhile stays dropped.
func (c *Cookies) renew(cookie string, identity *peer.Identity) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.logins[sha256.Sum256([]byte(cookie))]
	if !ok {
		return
	}
	login, _ := element.Value.(*cookieLogin)
	if login.identity.SameUser(identity) {
		login.identity, login.until = identity, earlier(identity.Expires, time.Now().Add(c.ttl))
		c.inOrder.MoveToFront(element)
	}
}

// change makes the logins those of another chain, with the limits of other. renew returns the identity that a login has
// then, or nil if the login is no longer valid.
func (c *Cookies) change(owner *Chain, other *Cookies, renew func(*peer.Identity) *peer.Identity) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.owner, c.ttl, c.most = owner, other.ttl, other.most
	for element := c.inOrder.Front(); element != nil; {
		next := element.Next()
		login, _ := element.Value.(*cookieLogin)
		if login.identity = renew(login.identity); login.identity == nil {
			c.dropLocked(element)
		}
		element = next
	}
	for len(c.logins) > c.most {
		c.dropLocked(c.inOrder.Back())
	}
}

// find returns the identity of the login of a cookie, which expires with the login, or nil.
func (c *Cookies) find(cookie string) *peer.Identity {
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
	identity := *login.identity
	identity.Expires = login.until
	return &identity
}

func (c *Cookies) drop(cookie string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if element, ok := c.logins[sha256.Sum256([]byte(cookie))]; ok {
		c.dropLocked(element)
	}
}

// forget drops the logins of the identities that match, and returns their number.
func (c *Cookies) forget(matches func(*peer.Identity) bool) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for element := c.inOrder.Front(); element != nil; {
		next := element.Next()
		if login, _ := element.Value.(*cookieLogin); matches(login.identity) {
			c.dropLocked(element)
			n++
		}
		element = next
	}
	return n
}

func (c *Cookies) dropLocked(element *list.Element) {
	login, _ := c.inOrder.Remove(element).(*cookieLogin)
	delete(c.logins, login.cookie)
}

// beginCookie accepts a browser with the identity of its earlier login.
func (c *Chain) beginCookie(_ context.Context, l *login) (peer.AuthResult, error) {
	var known *peer.Identity
	if l.Peer.Cookie != "" {
		known = c.options.Cookies.find(l.Peer.Cookie)
	}
	switch {
	case known == nil:
		c.counters.count(MethodCookie, Unknown)
		return peer.AuthResult{}, c.guess(l, wamp.Fail(wamp.ErrAuthenticationDenied, "this browser has not logged in, or too long ago"))
	case l.authid != "" && l.authid != known.ID:
		c.counters.count(MethodCookie, Mismatch)
		return peer.AuthResult{}, wamp.Fail(wamp.ErrAuthenticationDenied, "this browser logged in as another user than the authid says")
	}
	c.counters.count(MethodCookie, Accepted)
	known.Method = methodCookie
	return peer.AuthResult{Identity: known}, nil
}

// remember binds the browser's cookie to the identity that has just logged in. Backends, anonymous clients and
// client certificates are not remembered. A login by the cookie itself does not extend its time.
func (c *Chain) remember(l *login, outcome peer.AuthResult) peer.AuthResult {
	if c.options.Cookies == nil || l.Peer.Cookie == "" {
		return outcome
	}
	if identity := outcome.Identity; identity != nil {
		if !identity.Backend && identity.Method != methodAnonymous && identity.Method != methodCookie && identity.Method != methodTLS {
			c.options.Cookies.bind(c, l.Peer.Cookie, identity)
		}
		return outcome
	}
	if next := outcome.Next; next != nil {
		outcome.Next = func(ctx context.Context, answer *wamp.Authenticate) (peer.AuthResult, error) {
			outcome, err := next(ctx, answer)
			if err != nil {
				return outcome, err
			}
			return c.remember(l, outcome), nil
		}
	}
	return outcome
}

// LoggedOut implements [peer.LogoutNotifier].
func (c *Chain) LoggedOut(peer peer.Peer) {
	if c.options.Cookies != nil && peer.Cookie != "" {
		c.options.Cookies.drop(peer.Cookie)
	}
}

// ForgetLogins takes the logins by cookie back whose identities match, and returns their number. A session that such a
// login is opening at the moment is opened all the same; see [Chain.IsForgotten].
func (c *Chain) ForgetLogins(matches func(*peer.Identity) bool) int {
	if c.options.Cookies == nil {
		return 0
	}
	return c.options.Cookies.forget(matches)
}

// IsForgotten reports whether an identity is that of a login by cookie which was taken back meanwhile.
func (c *Chain) IsForgotten(browser peer.Peer, identity *peer.Identity) bool {
	if c.options.Cookies == nil || identity.Method != methodCookie {
		return false
	}
	known := c.options.Cookies.find(browser.Cookie)
	return known == nil || known.ID != identity.ID || known.Tenant != identity.Tenant
}

// Interface guards.
var _ peer.LogoutNotifier = (*Chain)(nil)
