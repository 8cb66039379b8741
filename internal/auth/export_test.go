package auth

import (
	"context"
	"encoding/base64"
)

// VerifySCRAM checks a proof in an exchange with fixed nonces.
func VerifySCRAM(s SCRAM, authid, clientNonce, nonce, proof string) (verifier string, ok bool) {
	secret, err := s.secret()
	if err != nil {
		return "", false
	}
	e := scramExchange{authid: authid, clientNonce: clientNonce, nonce: nonce, secret: secret}
	return e.verify(proof)
}

// SaltedPassword returns the SaltedPassword of RFC 5802.
func SaltedPassword(s SCRAM, password string) string {
	salted, err := s.salted(password)
	if err != nil {
		return err.Error()
	}
	return base64.StdEncoding.EncodeToString(salted)
}

// SignedCRA reports whether the signature is that of the challenge.
func SignedCRA(c CRA, challenge, signature string) bool {
	return c.signed([]byte(challenge), signature)
}

// Hashing is the share of the processors for passwords.
type Hashing = hashing

// NewHashing returns a Hashing.
func NewHashing(o HashOptions) *Hashing { return newHashing(o) }

// Do calls hash when it is its turn.
func (h *Hashing) Do(ctx context.Context, threads int, known bool, hash func()) error {
	return h.do(ctx, threads, known, hash)
}

// HashOf returns the function with which a chain hashes passwords.
func HashOf(c *Chain) func(ctx context.Context, threads int, hash func()) error {
	return func(ctx context.Context, threads int, hash func()) error {
		return c.hashing.do(ctx, threads, false, hash)
	}
}
