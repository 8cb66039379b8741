package auth

import (
	"bytes"
	"crypto/ed25519"
	"reflect"
	"slices"

	"github.com/tidings-io/tidings/internal/router/peer"
)

// TakeOver makes the chain continue a former one: with its counters, its queue of password hashes, the browsers that it
// remembers, and its answers about users that do not exist. Caller must call it before the chain is used, and
// use the former chain for no new login.
func (c *Chain) TakeOver(former *Chain) {
	c.counters = former.counters
	if c.options.Tickets != nil {
		c.options.Tickets.counters = former.counters
	}
	c.decoy.seed = former.decoy.seed // others would answer differently than before the change, and real users would not
	c.hashing = former.hashing
	c.hashing.change(c.options.Hashing)
	if c.options.Cookies == nil || former.options.Cookies == nil {
		return
	}
	limits := c.options.Cookies
	c.options.Cookies = former.options.Cookies
	c.options.Cookies.change(c, limits, func(identity *peer.Identity) *peer.Identity {
		renewed, _ := c.Renew(identity, former)
		return renewed
	})
}

// Renew implements [peer.Renewer]. Users and API keys of the configuration that have lost a credential, or have another
// one in its place, have to log in again: the session may rest on it. A ticket, and the answer of the application, were
// good for opening the session, and nothing in the configuration takes that back.
func (c *Chain) Renew(identity *peer.Identity, former peer.Authenticator) (renewed *peer.Identity, reason string) {
	before, ok := former.(*Chain)
	if !ok || before == c {
		return identity, ""
	}
	if identity.Method == methodCookie && c.options.Cookies == nil {
		return nil, "logins by cookie have ended: log in again"
	}
	switch identity.Provider {
	case providerKey:
		if !c.options.Keys.keeps(before.options.Keys, identity.Key) {
			return nil, "the API key of this session was replaced or removed in the server's configuration"
		}
	case providerStatic:
		return c.renewUser(identity, before)
	case providerAnonymous:
		return c.renewAnonymous(identity)
	case providerCertificate:
		if !c.sameCertificates(before) {
			return nil, "the rules for client certificates have changed: log in again"
		}
	case providerDynamic:
		if c.options.Dynamic == nil {
			return nil, "the application is no longer asked about users: log in again"
		}
	}
	return identity, ""
}

func (c *Chain) renewUser(identity *peer.Identity, before *Chain) (*peer.Identity, string) {
	now, was := c.options.Users.find(identity.ID, anyCredential), before.options.Users.find(identity.ID, anyCredential)
	if now == nil || was == nil || !now.keeps(was) {
		return nil, "this user was removed from the server's configuration, or has other credentials: log in again"
	}
	renewed := *identity
	renewed.Name, renewed.Roles, renewed.Tenant = now.profile.Name, now.profile.Roles, now.profile.Tenant
	if renewed.Name == identity.Name && renewed.Tenant == identity.Tenant && slices.Equal(renewed.Roles, identity.Roles) {
		return identity, ""
	}
	return &renewed, ""
}

func (c *Chain) renewAnonymous(identity *peer.Identity) (*peer.Identity, string) {
	switch {
	case c.options.Anonymous == nil:
		return nil, "clients without credentials are no longer admitted: log in"
	case c.options.Anonymous.role == identity.Role():
		return identity, ""
	}
	renewed := *identity
	renewed.Roles = []string{c.options.Anonymous.role}
	return &renewed, ""
}

// sameCertificates reports whether both chains map each client certificate to the same identity.
func (c *Chain) sameCertificates(before *Chain) bool {
	now, was := c.options.Authorities, before.options.Authorities
	return reflect.DeepEqual(c.options.Certificates, before.options.Certificates) &&
		(now == nil) == (was == nil) && (now == nil || now.Equal(was))
}

// keeps reports whether the key of a name is the same as before.
func (k *Keys) keeps(before *Keys, name string) bool {
	now, was := k.named(name), before.named(name)
	return now != nil && was != nil && now.hash == was.hash
}

// keeps reports whether the user has every credential that the user had before.
func (u *user) keeps(before *user) bool {
	return (before.password == nil || reflect.DeepEqual(u.password, before.password)) &&
		(before.cra == nil || reflect.DeepEqual(u.cra, before.cra)) &&
		(before.scram == nil || reflect.DeepEqual(u.scram, before.scram)) &&
		!slices.ContainsFunc(before.keys, func(key ed25519.PublicKey) bool {
			return !slices.ContainsFunc(u.keys, func(kept ed25519.PublicKey) bool { return bytes.Equal(key, kept) })
		})
}

func anyCredential(*user) bool { return true }
