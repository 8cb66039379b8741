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

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// DefaultCRAIterations is what a browser does in well under a second. More protects a stolen
	// challenge better, and is paid by clients alone.
	DefaultCRAIterations = 100_000
	// DefaultCRAKeyLen is the size of the hash: more adds nothing.
	DefaultCRAKeyLen = 32

	// The smallest values are the protocol's defaults and a key that cannot be guessed; the largest
	// keep a mistake in the configuration from hanging every client.
	minCRAIterations = 1000
	maxCRAIterations = 10_000_000
	minCRAKeyLen     = 16
	maxCRAKeyLen     = 64

	// nonceBytes of randomness make a challenge that was never used before.
	nonceBytes = 24
	// maxSignatureBytes is far above base64 of a SHA-256.
	maxSignatureBytes = 256
	// timestampForm is ISO 8601 in UTC with milliseconds (WAMP, "Challenge Response Authentication").
	timestampForm = "2006-01-02T15:04:05.000Z"
)

// CRA is what wampcra compares with. Who has the key can log in: with a salt it is derived from the
// password, which then stays unknown.
type CRA struct {
	Key        string // with a salt: the base64 text of PBKDF2-HMAC-SHA256; without: the client's secret
	Salt       string // as text, not decoded
	Iterations int
	KeyLen     int
}

// NewCRA derives the key of a password with a new salt.
func NewCRA(password string) (*CRA, error) {
	if password == "" || len(password) > maxPasswordBytes {
		return nil, fmt.Errorf("a password of 1 to %d bytes is needed", maxPasswordBytes)
	}
	c := &CRA{Salt: base64.StdEncoding.EncodeToString(newSalt()), Iterations: DefaultCRAIterations, KeyLen: DefaultCRAKeyLen}
	// The password is taken as it is: no client prepares it.
	raw, err := pbkdf2.Key(sha256.New, password, []byte(c.Salt), c.Iterations, c.KeyLen)
	if err != nil {
		return nil, fmt.Errorf("derive the key for wampcra: %w", err)
	}
	// The base64 text is the key, not what it encodes; every client does so.
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

// craChallenge is what the client signs. An encoder writes it: an authid may have quotes.
type craChallenge struct {
	AuthID    string  `json:"authid"`
	Role      string  `json:"authrole"`
	Method    string  `json:"authmethod"`
	Provider  string  `json:"authprovider"`
	Nonce     string  `json:"nonce"`
	Timestamp string  `json:"timestamp"`
	Session   wamp.ID `json:"session"`
}

// beginCRA sends a challenge that is good for this session only, and so for one answer.
func (c *Chain) beginCRA(ctx context.Context, a *attempt) (router.AuthResult, error) {
	if err := c.checkAuthID(a, MethodCRA); err != nil {
		return router.AuthResult{}, err
	}
	found, err := c.find(ctx, a, hasCRA)
	if err != nil {
		return router.AuthResult{}, err
	}
	u := found
	if found == nil {
		u = c.decoy.user(a.authid)
	}
	role, provider := u.who.Role(), u.provider
	if c.options.Dynamic.takes(methodCRA) {
		// What the application's users look like is not known here, so nobody is told from nobody by it.
		role, provider = "", providerDynamic
	}
	nonce := make([]byte, nonceBytes)
	rand.Read(nonce) // never fails: the runtime ends the program instead
	text, err := json.Marshal(craChallenge{
		AuthID: a.authid, Role: role, Method: methodCRA, Provider: provider,
		Nonce: base64.RawURLEncoding.EncodeToString(nonce), Timestamp: time.Now().UTC().Format(timestampForm), Session: a.Session,
	})
	if err != nil {
		return router.AuthResult{}, fmt.Errorf("encode the challenge of wampcra: %w", err)
	}
	extra := wamp.Dict{"challenge": string(text)}
	if u.cra.Salt != "" {
		extra["salt"], extra["iterations"], extra["keylen"] = u.cra.Salt, int64(u.cra.Iterations), int64(u.cra.KeyLen)
	}
	return router.AuthResult{
		Challenge: &wamp.Challenge{Method: methodCRA, Extra: extra},
		Next: func(ctx context.Context, answer *wamp.Authenticate) (router.AuthResult, error) {
			if !u.cra.signed(text, answer.Signature) || found == nil {
				return router.AuthResult{}, c.refuseUser(ctx, MethodCRA, found)
			}
			c.counters.count(MethodCRA, Accepted)
			return router.AuthResult{Identity: found.identity(methodCRA)}, nil
		},
	}, nil
}

// signed compares the signatures as text: there is one way to write one down.
func (c *CRA) signed(challenge []byte, signature string) bool {
	if len(signature) > maxSignatureBytes {
		return false
	}
	mac := hmac.New(sha256.New, []byte(c.Key))
	mac.Write(challenge)
	want := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return subtle.ConstantTimeCompare([]byte(want), []byte(signature)) == 1
}
