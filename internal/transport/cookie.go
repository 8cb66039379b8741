package transport

import (
	"crypto/rand"
	"net/http"
	"time"
)

// CookieOptions let the server recognize a browser from one connection to the next. The zero value sets no cookie.
type CookieOptions struct {
	TTL      time.Duration // how long a browser keeps it; 0: no cookies
	SameSite http.SameSite
	Insecure bool // without TLS, too: for development
}

// The names of the cookie. With the prefix __Host- a browser accepts the cookie only from this host and over TLS, so a
// neighboring host cannot plant a known value (RFC 6265bis, section 4.1.3).
const (
	cookieSecure   = "__Host-tidings_login"
	cookieInsecure = "tidings_login"

	// cookieLength is that of rand.Text, 130 bits.
	cookieLength = 26
)

// browserIDOf returns the value of the browser's cookie, and the cookie to set if the browser has none.
func (s *settings) browserIDOf(r *http.Request, secure bool) (value string, set *http.Cookie) {
	o := &s.Cookie
	if o.TTL <= 0 || !secure && !o.Insecure {
		return "", nil
	}
	name := cookieInsecure
	if secure {
		name = cookieSecure
	}
	if found := r.CookiesNamed(name); len(found) == 1 && isBrowserID(found[0].Value) {
		return found[0].Value, nil
	}
	value = rand.Text()
	return value, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(o.TTL / time.Second),
		Secure: secure, HttpOnly: true, SameSite: o.SameSite,
	}
}

// isBrowserID reports whether a value has the form of an id that this server makes. No other value is looked up.
func isBrowserID(value string) bool {
	if len(value) != cookieLength {
		return false
	}
	for _, b := range []byte(value) {
		if (b < 'A' || b > 'Z') && (b < '2' || b > '7') {
			return false
		}
	}
	return true
}
