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

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// challengeBytes is the size of a challenge, of a channel's id and of what is signed.
	challengeBytes = 32
	// blobText is the length of an answer: the signature and what was signed, in hexadecimal.
	blobText = 2 * (ed25519.SignatureSize + challengeBytes)
)

// ParseSigningKey reads the seed of an Ed25519 key, 64 hexadecimal digits.
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
	key       ed25519.PublicKey // that the client announced
	challenge [challengeBytes]byte
	binding   binding
}

// message is what must be signed: this challenge, on this channel.
func (s *signature) message(challenge []byte) []byte {
	message := slices.Clone(challenge)
	if s.binding.kind != "" {
		subtle.XORBytes(message, message, s.binding.channelID())
	}
	return message
}

// verify checks that the announced key signed our challenge. What the client says it signed is not
// believed: a signature over something else may have been recorded anywhere.
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

// beginCryptosign sends a challenge. Whether the key is anybody's is told at the end only.
func (c *Chain) beginCryptosign(ctx context.Context, a *attempt) (router.AuthResult, error) {
	s := &signature{}
	text, _ := a.extra.String("pubkey")
	var err error
	if s.key, err = parsePublicKey(text); err != nil {
		c.counters.count(MethodCryptosign, Malformed)
		return router.AuthResult{}, wamp.Fail(wamp.ErrAuthenticationDenied, "cryptosign needs authextra.pubkey: %s", err)
	}
	s.binding = c.channelOf(a)
	found, err := c.findKey(ctx, a, s.key)
	if err != nil {
		return router.AuthResult{}, err
	}
	rand.Read(s.challenge[:]) // never fails: the runtime ends the program instead
	extra := wamp.Dict{"challenge": hex.EncodeToString(s.challenge[:]), "channel_binding": nil}
	if s.binding.kind != "" {
		extra["channel_binding"] = s.binding.kind
	}
	if err := c.prove(a, s, extra); err != nil {
		return router.AuthResult{}, err
	}
	return router.AuthResult{
		Challenge: &wamp.Challenge{Method: methodCryptosign, Extra: extra},
		Next: func(ctx context.Context, answer *wamp.Authenticate) (router.AuthResult, error) {
			if !s.verify(answer.Signature) || found == nil {
				return router.AuthResult{}, c.refuseUser(ctx, MethodCryptosign, found)
			}
			c.counters.count(MethodCryptosign, Accepted)
			return router.AuthResult{Identity: found.identity(methodCryptosign)}, nil
		},
	}, nil
}

// channelOf gives the binding that the client asks for. Where it is not possible the login goes on
// without: the client sees that, and decides.
func (c *Chain) channelOf(a *attempt) binding {
	kind, _ := a.extra.String("channel_binding")
	if kind != bindingUnique && kind != bindingExporter { // the others have not 32 bytes
		return binding{}
	}
	if bound, ok := c.bindingOf(a, kind); ok {
		return bound
	}
	return binding{}
}

// findKey gives the user of a key; the authid may be left out, and must be the user's if it is there.
func (c *Chain) findKey(ctx context.Context, a *attempt, key ed25519.PublicKey) (*user, error) {
	if c.options.Users != nil {
		if owner := c.options.Users.byKey[string(key)]; owner != nil {
			if a.authid != "" && a.authid != owner.who.ID {
				return nil, nil
			}
			return owner, nil
		}
	}
	found, err := c.find(ctx, a, hasKeys)
	if err != nil || found == nil || !slices.ContainsFunc(found.keys, func(k ed25519.PublicKey) bool { return k.Equal(key) }) {
		return nil, err
	}
	return found, nil
}

var errNotAChallenge = errors.New("authextra.challenge must be 64 hexadecimal digits")

// prove signs the client's own challenge, so that it knows whom it talks to.
func (c *Chain) prove(a *attempt, s *signature, extra wamp.Dict) error {
	text, given := a.extra.String("challenge")
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
