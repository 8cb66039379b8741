package auth

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// DefaultCRAIterations takes a browser well under a second. More iterations protect a stolen challenge
	// better; only clients pay for them.
	DefaultCRAIterations = 100_000
	// DefaultCRAKeyLen is the size of the hash; a longer key is not stronger.
	DefaultCRAKeyLen = 32

	// The smallest values are the protocol's default and a key that cannot be guessed. The largest values keep
	// a wrong configuration from blocking every client.
	minCRAIterations = 1000
	maxCRAIterations = 10_000_000
	minCRAKeyLen     = 16
	maxCRAKeyLen     = 64

	// nonceBytes of randomness make every challenge unique.
	nonceBytes = 24
	// maxSignatureBytes is far above the length of a SHA-256 in base64.
	maxSignatureBytes = 256
	// timestampForm is the layout of ISO 8601 in UTC with milliseconds (WAMP, "Challenge Response Authentication").
	timestampForm = "2006-01-02T15:04:05.000Z"
)

// craMethod is the method "wampcra".
var craMethod = method{methodCRA, func(o *ChainOptions) bool {
	return o.Users.anyHas(hasCRA) || o.Dynamic.supports(methodCRA)
}, (*Chain).beginCRA, true}

// CRA is the credential of wampcra. Its key is as good as the password: a client that has the key can log in. With
// a salt the key is derived from the password, which the server then does not know.
type CRA struct {
	Key        string // with a salt, the base64 text of PBKDF2-HMAC-SHA256; else the client's secret
	Salt       string // as text, not decoded
	Iterations int
	KeyLen     int
}

// NewCRA derives a key from a password and a new salt.
func NewCRA(password string) (*CRA, error) {
	if password == "" || len(password) > maxPasswordBytes {
		return nil, fmt.Errorf("a password of 1 to %d bytes is needed", maxPasswordBytes)
	}
	c := &CRA{Salt: base64.StdEncoding.EncodeToString(newSalt()), Iterations: DefaultCRAIterations, KeyLen: DefaultCRAKeyLen}
	// No SASLprep: clients of wampcra use the password unchanged.
	raw, err := pbkdf2.Key(sha256.New, password, []byte(c.Salt), c.Iterations, c.KeyLen)
	if err != nil {
		return nil, fmt.Errorf("derive the key for wampcra: %w", err)
	}
	// The key is the base64 text, not the bytes that the text encodes; every client does so.
	c.Key = base64.StdEncoding.EncodeToString(raw)
	return c, nil
}

func (c *CRA) check() error {
	if c.Key == "" {
		return errors.New("the key is missing")
	}
	if c.Salt == "" {
		if len(c.Key) < minKeyBytes {
			return fmt.Errorf("a secret without a salt needs at least %d random bytes", minKeyBytes)
		}
		return nil
	}
	switch raw, err := base64.StdEncoding.Strict().DecodeString(c.Key); {
	case len(c.Salt) > maxPasswordBytes:
		return errors.New("the salt is too long")
	case c.Iterations < minCRAIterations || c.Iterations > maxCRAIterations:
		return fmt.Errorf("%d to %d iterations are taken, not %d", minCRAIterations, maxCRAIterations, c.Iterations)
	case c.KeyLen < minCRAKeyLen || c.KeyLen > maxCRAKeyLen:
		return fmt.Errorf("a key of %d to %d bytes (keylen) is taken, not %d", minCRAKeyLen, maxCRAKeyLen, c.KeyLen)
	case err != nil || len(raw) != c.KeyLen:
		return fmt.Errorf("the key must be the base64 text of the %d bytes that were derived from the password", c.KeyLen)
	}
	return nil
}

// craChallenge is the text that the client signs.
type craChallenge struct {
	AuthID    string  `json:"authid"`
	Role      string  `json:"authrole"`
	Method    string  `json:"authmethod"`
	Provider  string  `json:"authprovider"`
	Nonce     string  `json:"nonce"`
	Timestamp string  `json:"timestamp"`
	Session   wamp.ID `json:"session"`
}

// beginCRA sends a challenge that is valid for this session only.
func (c *Chain) beginCRA(ctx context.Context, l *login) (peer.AuthResult, error) {
	if err := c.checkAuthID(l, MethodCRA); err != nil {
		return peer.AuthResult{}, err
	}
	found, err := c.find(ctx, l, hasCRA)
	if err != nil {
		return peer.AuthResult{}, err
	}
	u := found
	if found == nil {
		u = c.decoy.user(l.authid)
	}
	role, provider := u.profile.Role(), u.provider
	if c.options.Dynamic.supports(methodCRA) {
		// The server does not know the roles of the application's users, so the decoy cannot imitate them.
		// All challenges therefore look the same.
		role, provider = "", providerDynamic
	}
	nonce := make([]byte, nonceBytes)
	rand.Read(nonce) // cannot fail: crypto/rand ends the program instead
	text, err := json.Marshal(craChallenge{
		AuthID: l.authid, Role: role, Method: methodCRA, Provider: provider,
		Nonce: base64.RawURLEncoding.EncodeToString(nonce), Timestamp: time.Now().UTC().Format(timestampForm), Session: l.Session,
	})
	if err != nil {
		return peer.AuthResult{}, fmt.Errorf("encode the challenge of wampcra: %w", err)
	}
	extra := wamp.Dict{"challenge": string(text)}
	if u.cra.Salt != "" {
		extra["salt"], extra["iterations"], extra["keylen"] = u.cra.Salt, int64(u.cra.Iterations), int64(u.cra.KeyLen)
	}
	return peer.AuthResult{
		Challenge: &wamp.Challenge{Method: methodCRA, Extra: extra},
		Next: c.answering(ctx, l, func(ctx context.Context, answer *wamp.Authenticate) (peer.AuthResult, error) {
			if !u.cra.signed(text, answer.Signature) || found == nil {
				return peer.AuthResult{}, c.refuseUser(ctx, MethodCRA, found)
			}
			c.counters.count(MethodCRA, Accepted)
			return peer.AuthResult{Identity: found.identity(methodCRA)}, nil
		}),
	}, nil
}

// signed reports whether the signature is that of the challenge. Signatures are compared as text, which has one
// form.
func (c *CRA) signed(challenge []byte, signature string) bool {
	if len(signature) > maxSignatureBytes {
		return false
	}
	mac := hmac.New(sha256.New, []byte(c.Key))
	mac.Write(challenge)
	want := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return subtle.ConstantTimeCompare([]byte(want), []byte(signature)) == 1
}
