package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/xdg-go/stringprep"
	"golang.org/x/crypto/argon2"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// The cost of new password hashes: the minimum of OWASP (2023) with one thread.
const (
	DefaultMemory = 19 << 10 // KiB
	DefaultTime   = 2        // passes over the memory

	saltBytes = 16
	hashBytes = 32

	// maxMemory (KiB), maxTime and maxThreads limit the cost of a hash in the configuration. Strangers can
	// make the server pay that cost as often as they like.
	maxMemory  = 256 << 10
	maxTime    = 64
	maxThreads = 16

	// maxPasswordBytes limits the bytes that are hashed for a client that is not authenticated.
	maxPasswordBytes = 1024
)

// passwordHash is an Argon2id hash (RFC 9106).
type passwordHash struct {
	memory, time uint32
	threads      uint8
	salt, hash   []byte
}

// phcForm is the text form of a hash (PHC string format).
const phcForm = "$argon2id$v=%d$m=%d,t=%d,p=%d$%s"

// HashPassword returns the hash of a password, which the configuration holds instead of the password.
func HashPassword(password string) (string, error) {
	prepared, err := prepare(password)
	if err != nil {
		return "", err
	}
	salt := newSalt()
	hash := argon2.IDKey([]byte(prepared), salt, DefaultTime, DefaultMemory, 1, hashBytes)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, DefaultMemory, DefaultTime,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(hash)), nil
}

func newSalt() []byte {
	salt := make([]byte, saltBytes)
	rand.Read(salt) // cannot fail: crypto/rand ends the program instead
	return salt
}

// prepare returns the normal form of a password (SASLprep, RFC 4013).
func prepare(password string) (string, error) {
	if len(password) > maxPasswordBytes {
		return "", fmt.Errorf("the password has %d bytes; at most %d are taken", len(password), maxPasswordBytes)
	}
	prepared, err := stringprep.SASLprep.Prepare(password)
	if err != nil {
		return "", errors.New("the password has characters that no password may have (RFC 4013)") // err would quote it
	}
	if prepared == "" {
		return "", errors.New("the password is empty")
	}
	return prepared, nil
}

func parsePassword(text string) (*passwordHash, error) {
	const wrong = "the password must be an Argon2id hash, $argon2id$v=19$m=...,t=...,p=...$salt$hash"
	p := &passwordHash{}
	var version int
	var rest string
	if n, err := fmt.Sscanf(text, phcForm, &version, &p.memory, &p.time, &p.threads, &rest); n != 5 || err != nil || version != argon2.Version {
		return nil, errors.New(wrong)
	}
	salt, hash, _ := strings.Cut(rest, "$")
	var err error
	if p.salt, err = base64.RawStdEncoding.Strict().DecodeString(salt); err != nil || len(p.salt) < 8 {
		return nil, errors.New(wrong + "; the salt is not base64 of at least 8 bytes")
	}
	if p.hash, err = base64.RawStdEncoding.Strict().DecodeString(hash); err != nil || len(p.hash) < 16 || len(p.hash) > 64 {
		return nil, errors.New(wrong + "; the hash is not base64 of 16 to 64 bytes")
	}
	switch {
	case p.memory < 8 || p.memory > maxMemory:
		return nil, fmt.Errorf("the password's hash needs %d KiB of memory; 8 to %d are taken", p.memory, maxMemory)
	case p.time < 1 || p.time > maxTime || p.threads < 1 || p.threads > maxThreads:
		return nil, fmt.Errorf("the password's hash needs t=%d and p=%d; at most t=%d and p=%d are taken", p.time, p.threads, maxTime, maxThreads)
	}
	return p, nil
}

// matches reports whether the password is right, in constant time.
func (p *passwordHash) matches(prepared string) bool {
	hash := argon2.IDKey([]byte(prepared), p.salt, p.time, p.memory, p.threads, uint32(len(p.hash)))
	return subtle.ConstantTimeCompare(hash, p.hash) == 1
}

// checkPassword checks a password that was sent by the method "ticket". An unknown user takes as much time as a
// known one.
func (c *Chain) checkPassword(ctx context.Context, l *login, password string) (*peer.Identity, error) {
	if err := c.mayTry(l); err != nil {
		return nil, err
	}
	found := c.options.Users.find(l.authid, hasPassword)
	u := found
	if found == nil {
		u = c.decoy.user(l.authid)
	}
	err := c.hash(ctx, l, u.password, password, func(matches bool) error {
		if matches && found != nil {
			c.record(l, nil)
			return nil
		}
		denied := c.refuseUser(ctx, MethodPassword, found)
		c.record(l, denied)
		return denied
	})
	if err != nil {
		return nil, err
	}
	c.counters.count(MethodPassword, Accepted)
	return found.identity(methodTicket), nil
}

// hash calls judge with whether a password is right, and returns its error. It waits for its turn, and asks again then:
// of many guesses that wait, only so many are computed as the limit allows. judge is a part of the turn, so that the
// next one knows of a failure.
func (c *Chain) hash(ctx context.Context, l *login, want *passwordHash, password string, judge func(matches bool) error) (err error) {
	prepared, wrong := prepare(password)
	if wrong != nil { // no user has such a password
		return judge(false)
	}
	known := c.options.Attempts.Knows(attemptOf(l))
	waited := c.hashing.do(ctx, int(want.threads), known, func() {
		if err = c.mayTry(l); err == nil {
			err = judge(want.matches(prepared))
		}
	})
	switch {
	case waited == nil:
		return err
	case ctx.Err() != nil:
		return wamp.Fail(wamp.ErrCanceled, "the client has gone")
	}
	c.counters.count(MethodPassword, Unavailable)
	return wamp.Fail(wamp.ErrAuthenticationFailed, "%s (limits.password_hashes): try again", waited)
}
