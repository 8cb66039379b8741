package auth

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// challengeBytes is the size of a challenge, a channel id and the message that is signed.
	challengeBytes = 32
	// blobText is the length of an answer: the signature and the signed message, in hexadecimal.
	blobText = 2 * (ed25519.SignatureSize + challengeBytes)
)

// cryptosignMethod is the method "cryptosign".
var cryptosignMethod = method{methodCryptosign, func(o *ChainOptions) bool {
	return o.Users.anyHas(hasKeys) || o.Dynamic.supports(methodCryptosign)
}, (*Chain).beginCryptosign, true}

// ParseSigningKey parses the seed of an Ed25519 key, 64 hexadecimal digits.
func ParseSigningKey(text string) (ed25519.PrivateKey, error) {
	seed, err := hex.DecodeString(text)
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("the key must be %d hexadecimal digits", 2*ed25519.SeedSize)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

func parsePublicKey(text string) (ed25519.PublicKey, error) {
	key, err := hex.DecodeString(text)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("a public key must be %d hexadecimal digits", 2*ed25519.PublicKeySize)
	}
	return ed25519.PublicKey(key), nil
}

// signature is one login by cryptosign.
type signature struct {
	key       ed25519.PublicKey // announced by the client
	challenge [challengeBytes]byte
	binding   binding
}

// message returns the bytes to sign: the challenge, XORed with the channel id if there is a binding.
func (s *signature) message(challenge []byte) []byte {
	message := slices.Clone(challenge)
	if s.binding.kind != "" {
		subtle.XORBytes(message, message, s.binding.channelID())
	}
	return message
}

// verify reports whether the announced key signed this server's challenge. The signature is checked over that
// challenge, because a signature of another message could be a recording.
func (s *signature) verify(blob string) bool {
	if len(blob) != blobText {
		return false
	}
	raw, err := hex.DecodeString(blob)
	if err != nil {
		return false
	}
	signed, message := raw[:ed25519.SignatureSize], raw[ed25519.SignatureSize:]
	want := s.message(s.challenge[:])
	return subtle.ConstantTimeCompare(message, want) == 1 && ed25519.Verify(s.key, want, signed)
}

// beginCryptosign sends a challenge. An unknown key is refused only after the answer, so that strangers cannot
// find out which keys are known.
func (c *Chain) beginCryptosign(ctx context.Context, l *login) (peer.AuthResult, error) {
	s := &signature{}
	text, _ := l.extra.String("pubkey")
	var err error
	if s.key, err = parsePublicKey(text); err != nil {
		c.counters.count(MethodCryptosign, Malformed)
		return peer.AuthResult{}, wamp.Fail(wamp.ErrAuthenticationDenied, "cryptosign needs authextra.pubkey: %s", err)
	}
	s.binding = c.requestedBinding(l)
	found, err := c.findKey(ctx, l, s.key)
	if err != nil {
		return peer.AuthResult{}, err
	}
	rand.Read(s.challenge[:]) // cannot fail: crypto/rand ends the program instead
	extra := wamp.Dict{"challenge": hex.EncodeToString(s.challenge[:]), "channel_binding": nil}
	if s.binding.kind != "" {
		extra["channel_binding"] = s.binding.kind
	}
	if err := c.signForClient(l, s, extra); err != nil {
		return peer.AuthResult{}, err
	}
	return peer.AuthResult{
		Challenge: &wamp.Challenge{Method: methodCryptosign, Extra: extra},
		Next: c.answering(ctx, l, func(ctx context.Context, answer *wamp.Authenticate) (peer.AuthResult, error) {
			if !s.verify(answer.Signature) || found == nil {
				return peer.AuthResult{}, c.refuseUser(ctx, MethodCryptosign, found)
			}
			c.counters.count(MethodCryptosign, Accepted)
			return peer.AuthResult{Identity: found.identity(methodCryptosign)}, nil
		}),
	}, nil
}

// requestedBinding returns the binding that the client asks for. If the connection does not have it, the login
// continues without a binding; the client sees that in the challenge, and decides.
func (c *Chain) requestedBinding(l *login) binding {
	kind, _ := l.extra.String("channel_binding")
	if kind != bindingUnique && kind != bindingExporter { // only these have 32 bytes
		return binding{}
	}
	if bound, ok := c.bindingOf(l, kind); ok {
		return bound
	}
	return binding{}
}

// findKey returns the user of a key, or nil. A login may have no authid; another user's authid finds no user.
func (c *Chain) findKey(ctx context.Context, l *login, key ed25519.PublicKey) (*user, error) {
	if c.options.Users != nil {
		if owner := c.options.Users.byKey[string(key)]; owner != nil {
			if l.authid != "" && l.authid != owner.profile.ID {
				return nil, nil
			}
			return owner, nil
		}
	}
	found, err := c.find(ctx, l, hasKeys)
	if err != nil || found == nil || !slices.ContainsFunc(found.keys, func(k ed25519.PublicKey) bool { return k.Equal(key) }) {
		return nil, err
	}
	return found, nil
}

var errNotAChallenge = errors.New("authextra.challenge must be 64 hexadecimal digits")

// signForClient signs the client's own challenge, by which the client verifies this server.
func (c *Chain) signForClient(l *login, s *signature, extra wamp.Dict) error {
	text, given := l.extra.String("challenge")
	if !given || c.options.SigningKey == nil {
		return nil
	}
	challenge, err := hex.DecodeString(text)
	if err != nil || len(challenge) != challengeBytes {
		c.counters.count(MethodCryptosign, Malformed)
		return wamp.Fail(wamp.ErrAuthenticationDenied, "%s", errNotAChallenge)
	}
	message := s.message(challenge)
	public, _ := c.options.SigningKey.Public().(ed25519.PublicKey)
	extra["pubkey"] = hex.EncodeToString(public)
	extra["signature"] = hex.EncodeToString(ed25519.Sign(c.options.SigningKey, message)) + hex.EncodeToString(message)
	return nil
}
