package auth

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// The key derivation functions (WAMP, "SCRAM").
const (
	KDFArgon2id = "argon2id13"
	KDFPBKDF2   = "pbkdf2"
)

const (
	// minSCRAMIterations is the minimum of RFC 7677 for PBKDF2.
	minSCRAMIterations = 4096
	// minNonceText and maxNonceText limit the length of the client's nonce: a short nonce does not protect the
	// client, a long one wastes memory.
	minNonceText = 8
	maxNonceText = 256
	// serverNonceBytes is the size of the server's part of the nonce.
	serverNonceBytes = 18
)

// scramMethod is the method "wamp-scram".
var scramMethod = method{methodSCRAM, func(o *ChainOptions) bool {
	return o.Users.anyHas(hasSCRAM) || o.Dynamic.supports(methodSCRAM)
}, (*Chain).beginSCRAM, true}

// SCRAM is the credential of wamp-scram. It is not enough to log in, but it is enough to impersonate this server.
type SCRAM struct {
	Salt       string // base64
	KDF        string
	Iterations int
	Memory     int    // KiB; argon2id13 only
	StoredKey  string // base64
	ServerKey  string // base64
}

// scramSecret is a checked and decoded [SCRAM].
type scramSecret struct {
	salt, kdf            string
	iterations, memory   int
	storedKey, serverKey []byte
}

// NewSCRAM derives the keys from a password and a new salt, with Argon2id.
func NewSCRAM(password string) (*SCRAM, error) {
	prepared, err := prepare(password)
	if err != nil {
		return nil, err
	}
	s := &SCRAM{Salt: base64.StdEncoding.EncodeToString(newSalt()), KDF: KDFArgon2id, Iterations: DefaultTime, Memory: DefaultMemory}
	salted, err := s.salted(prepared)
	if err != nil {
		return nil, err
	}
	stored := sha256.Sum256(hmacSHA256(salted, "Client Key"))
	s.StoredKey = base64.StdEncoding.EncodeToString(stored[:])
	s.ServerKey = base64.StdEncoding.EncodeToString(hmacSHA256(salted, "Server Key"))
	return s, nil
}

// salted returns SaltedPassword (RFC 5802, section 3).
func (s *SCRAM) salted(prepared string) ([]byte, error) {
	salt, err := base64.StdEncoding.DecodeString(s.Salt)
	if err != nil {
		return nil, errors.New("the salt is not base64")
	}
	if s.KDF == KDFArgon2id {
		return argon2.IDKey([]byte(prepared), salt, uint32(s.Iterations), uint32(s.Memory), 1, sha256.Size), nil
	}
	return pbkdf2.Key(sha256.New, prepared, salt, s.Iterations, sha256.Size)
}

func (s *SCRAM) secret() (*scramSecret, error) {
	switch {
	case s.KDF != KDFArgon2id && s.KDF != KDFPBKDF2:
		return nil, fmt.Errorf("kdf must be %s or %s", KDFArgon2id, KDFPBKDF2)
	case s.KDF == KDFArgon2id && (s.Iterations < 1 || s.Iterations > maxTime || s.Memory < 8 || s.Memory > maxMemory):
		return nil, fmt.Errorf("%s takes 1 to %d iterations and 8 to %d KiB of memory", KDFArgon2id, maxTime, maxMemory)
	case s.KDF == KDFPBKDF2 && (s.Iterations < minSCRAMIterations || s.Iterations > maxCRAIterations):
		return nil, fmt.Errorf("%s takes %d to %d iterations", KDFPBKDF2, minSCRAMIterations, maxCRAIterations)
	}
	made := &scramSecret{salt: s.Salt, kdf: s.KDF, iterations: s.Iterations, memory: s.Memory}
	if salt, err := base64.StdEncoding.Strict().DecodeString(s.Salt); err != nil || len(salt) < 8 || len(salt) > 64 {
		return nil, errors.New("the salt must be base64 of 8 to 64 bytes")
	}
	var err error
	if made.storedKey, err = base64.StdEncoding.Strict().DecodeString(s.StoredKey); err != nil || len(made.storedKey) != sha256.Size {
		return nil, fmt.Errorf("stored_key must be base64 of %d bytes", sha256.Size)
	}
	if made.serverKey, err = base64.StdEncoding.Strict().DecodeString(s.ServerKey); err != nil || len(made.serverKey) != sha256.Size {
		return nil, fmt.Errorf("server_key must be base64 of %d bytes", sha256.Size)
	}
	return made, nil
}

func hmacSHA256(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// scramExchange is one login by wamp-scram.
type scramExchange struct {
	authid      string
	clientNonce string
	nonce       string // the client's and the server's
	binding     binding
	secret      *scramSecret
}

// message returns AuthMessage (RFC 5802, section 3, as WAMP writes it).
func (e *scramExchange) message() string {
	name := strings.NewReplacer("=", "=3D", ",", "=2C").Replace(e.authid)
	input := "n,,"
	if e.binding.kind != "" {
		input = "p=" + e.binding.kind + ",," + string(e.binding.data)
	}
	return "n=" + name + ",r=" + e.clientNonce +
		",r=" + e.nonce + ",s=" + e.secret.salt + ",i=" + strconv.Itoa(e.secret.iterations) +
		",c=" + base64.StdEncoding.EncodeToString([]byte(input)) + ",r=" + e.nonce
}

// verify checks the client's proof and returns the server's.
func (e *scramExchange) verify(proof string) (verifier string, ok bool) {
	message := e.message()
	given, err := base64.StdEncoding.Strict().DecodeString(clipped(proof))
	if err != nil || len(given) != sha256.Size {
		given = make([]byte, sha256.Size) // fails, in the same time
	}
	clientKey := make([]byte, sha256.Size)
	subtle.XORBytes(clientKey, given, hmacSHA256(e.secret.storedKey, message))
	stored := sha256.Sum256(clientKey)
	if subtle.ConstantTimeCompare(stored[:], e.secret.storedKey) != 1 {
		return "", false
	}
	return base64.StdEncoding.EncodeToString(hmacSHA256(e.secret.serverKey, message)), true
}

func clipped(signature string) string {
	if len(signature) > maxSignatureBytes {
		return ""
	}
	return signature
}

// repeated reports whether AUTHENTICATE repeats the nonce and the channel binding of the exchange.
func (e *scramExchange) repeated(extra wamp.Dict) bool {
	nonce, _ := extra.String("nonce")
	kind, _ := extra.String("channel_binding")
	data, given := extra.String("cbind_data")
	if nonce != e.nonce || kind != e.binding.kind || given != (kind != "") {
		return false
	}
	if !given {
		return true
	}
	raw, err := base64.StdEncoding.DecodeString(clipped(data))
	return err == nil && subtle.ConstantTimeCompare(raw, e.binding.data) == 1
}

// beginSCRAM sends the challenge with the server's nonce.
func (c *Chain) beginSCRAM(ctx context.Context, l *login) (peer.AuthResult, error) {
	if err := c.checkAuthID(l, MethodSCRAM); err != nil {
		return peer.AuthResult{}, err
	}
	e := &scramExchange{authid: l.authid}
	e.clientNonce, _ = l.extra.String("nonce")
	if _, err := base64.StdEncoding.DecodeString(e.clientNonce); err != nil || len(e.clientNonce) < minNonceText || len(e.clientNonce) > maxNonceText {
		c.counters.count(MethodSCRAM, Malformed)
		return peer.AuthResult{}, wamp.Fail(wamp.ErrAuthenticationDenied,
			"wamp-scram needs authextra.nonce: %d to %d characters of base64", minNonceText, maxNonceText)
	}
	if kind, given := l.extra.String("channel_binding"); given {
		var ok bool
		if e.binding, ok = c.bindingOf(l, kind); !ok {
			c.counters.count(MethodSCRAM, Unbound)
			return peer.AuthResult{}, wamp.Fail(wamp.ErrAuthenticationDenied, "the channel binding %q is not possible on this connection", kind)
		}
	}
	found, err := c.find(ctx, l, hasSCRAM)
	if err != nil {
		return peer.AuthResult{}, err
	}
	u := found
	if found == nil {
		u = c.decoy.user(l.authid)
	}
	e.secret = u.scram
	ours := make([]byte, serverNonceBytes)
	rand.Read(ours) // cannot fail: crypto/rand ends the program instead
	e.nonce = e.clientNonce + base64.StdEncoding.EncodeToString(ours)
	var memory any
	if e.secret.kdf == KDFArgon2id {
		memory = int64(e.secret.memory)
	}
	return peer.AuthResult{
		Challenge: &wamp.Challenge{Method: methodSCRAM, Extra: wamp.Dict{
			"nonce": e.nonce, "salt": e.secret.salt, "kdf": e.secret.kdf, "iterations": int64(e.secret.iterations), "memory": memory,
		}},
		Next: c.answering(ctx, l, func(ctx context.Context, answer *wamp.Authenticate) (peer.AuthResult, error) {
			verifier, ok := e.verify(answer.Signature)
			if !ok || !e.repeated(answer.Extra) || found == nil {
				return peer.AuthResult{}, c.refuseUser(ctx, MethodSCRAM, found)
			}
			c.counters.count(MethodSCRAM, Accepted)
			return peer.AuthResult{Identity: found.identity(methodSCRAM), Extra: wamp.Dict{"verifier": verifier}}, nil
		}),
	}, nil
}
