package auth

import (
	"context"
	"strings"

	"github.com/tidings-io/tidings/internal/attempts"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/text"
	"github.com/tidings-io/tidings/internal/wamp"
)

// ticketMethod is the method "ticket". WAMP has no other method that sends a secret as it is, so it also takes API keys
// and passwords.
var ticketMethod = method{methodTicket, acceptsSecrets, (*Chain).beginTicket, false}

// beginTicket asks for the secret. A client whose secret is wrong is refused and not tried with the next method of
// its list.
func (c *Chain) beginTicket(_ context.Context, l *login) (peer.AuthResult, error) {
	return peer.AuthResult{
		Challenge: &wamp.Challenge{Method: methodTicket, Extra: wamp.Dict{}},
		Next: func(ctx context.Context, answer *wamp.Authenticate) (peer.AuthResult, error) {
			identity, err := c.redeem(ctx, answer.Signature, l)
			return peer.AuthResult{Identity: identity}, err
		},
	}, nil
}

// redeem returns the identity of the owner of a secret: an API key, a ticket or a password.
func (c *Chain) redeem(ctx context.Context, secret string, l *login) (*peer.Identity, error) {
	if c.options.Keys != nil {
		if key := c.options.Keys.find(secret); key != nil {
			return c.acceptKey(ctx, key, l)
		}
	}
	asks := c.options.Dynamic.supports(methodTicket)
	switch {
	case c.options.Foreign != nil && c.options.Foreign.Redeems(secret):
		return c.redeemForeign(ctx, secret, l)
	case c.looksLikeKey(secret) && !c.mayBePassword(l):
		return nil, c.refuseKey(ctx, secret, l)
	case c.options.Tickets != nil && (looksLikeTicket(secret) || !c.mayBePassword(l) && !asks):
		return c.options.Tickets.redeem(ctx, secret, ticketUse{user: l.authid, from: addressOf(l.Peer)})
	case asks && !c.options.Users.knows(l.authid):
		return c.checkForeignTicket(ctx, l, secret)
	case c.mayBePassword(l):
		return c.checkPassword(ctx, l, secret)
	}
	return nil, c.refuseKey(ctx, secret, l)
}

// redeemForeign returns the identity of a ticket of another part of the server.
func (c *Chain) redeemForeign(ctx context.Context, ticket string, l *login) (*peer.Identity, error) {
	identity, err := c.options.Foreign.Redeem(ctx, ticket, addressOf(l.Peer))
	if err == nil && l.authid != "" && l.authid != identity.ID {
		return nil, wamp.Fail(wamp.ErrAuthenticationDenied, "the ticket is for another user than the authid says")
	}
	return identity, err
}

// looksLikeKey reports whether a secret is an API key rather than a ticket: it has the prefix of keys, or nothing else
// of its form is accepted.
func (c *Chain) looksLikeKey(secret string) bool {
	if strings.HasPrefix(secret, keyPrefix) {
		return true
	}
	return !looksLikeTicket(secret) && c.options.Keys.any() && !c.options.Dynamic.supports(methodTicket)
}

// refuseKey refuses a secret that is no API key of the configuration. What was copied along with it is named.
func (c *Chain) refuseKey(ctx context.Context, secret string, l *login) error {
	c.counters.count(MethodKey, Unknown)
	c.log.InfoContext(ctx, "an unknown API key was refused")
	detail := "no such API key: see api_keys in the configuration of the server"
	if flaw := text.SecretFlaw(secret); flaw != "" {
		detail += "; the key that was sent " + flaw
	} else if c.options.Tickets != nil && !strings.HasPrefix(secret, keyPrefix) {
		detail += "; it is no ticket either, which would be a JWT of three parts"
	}
	denied := wamp.Fail(wamp.ErrAuthenticationDenied, "%s", detail)
	if c.options.Tickets != nil { // as a ticket that is none: neither can be guessed
		c.options.Attempts.Reject(addressOf(l.Peer))
		return denied
	}
	return c.guess(l, denied)
}

// acceptsSecrets reports whether the options accept tickets, API keys or passwords.
func acceptsSecrets(o *ChainOptions) bool {
	return o.Tickets != nil || o.Foreign != nil || o.Keys != nil || o.Users.anyHas(hasPassword) || o.Dynamic.supports(methodTicket)
}

// mayBePassword reports whether a secret may be the password of the user that the client names.
func (c *Chain) mayBePassword(l *login) bool {
	return l.authid != "" && c.options.Users.anyHas(hasPassword)
}

// looksLikeTicket distinguishes tickets from passwords. A JWT has three parts of base64, the first of which begins
// with {". A password of that form does not work.
func looksLikeTicket(secret string) bool {
	return strings.HasPrefix(secret, "eyJ") && strings.Count(secret, ".") == 2
}

func (c *Chain) acceptKey(ctx context.Context, key *key, l *login) (*peer.Identity, error) {
	if wait := c.options.Attempts.Accept(attempts.Attempt{From: addressOf(l.Peer), Account: attempts.Key(key.name)}); wait > 0 {
		return nil, c.limited(MethodKey, wait)
	}
	if l.authid != "" && l.authid != key.name {
		c.counters.count(MethodKey, Mismatch)
		c.log.InfoContext(ctx, "an API key was refused: it has another name than the authid", "key", key.name)
		return nil, wamp.Fail(wamp.ErrAuthenticationDenied, "the authid is not the name of this API key; leave it out or give the name")
	}
	c.counters.count(MethodKey, Accepted)
	return key.identity(), nil
}
