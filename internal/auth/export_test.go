package auth

import "encoding/base64"

// VerifySCRAM checks a proof in an exchange with nonces that are known beforehand.
func VerifySCRAM(s SCRAM, authid, clientNonce, nonce, proof string) (verifier string, ok bool) {
	secret, err := s.secret()
	if err != nil {
		return "", false
	}
	e := scramExchange{authid: authid, clientNonce: clientNonce, nonce: nonce, secret: secret}
	return e.verify(proof)
}

// SaltedPassword is the step of SCRAM that costs something.
func SaltedPassword(s SCRAM, password string) string {
	salted, err := s.salted(password)
	if err != nil {
		return err.Error()
	}
	return base64.StdEncoding.EncodeToString(salted)
}

// SignedCRA compares a signature with what the key gives.
func SignedCRA(c CRA, challenge, signature string) bool {
	return c.signed([]byte(challenge), signature)
}
