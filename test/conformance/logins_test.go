package conformance_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

const (
	secret      = "secret1"
	annsSeed    = "ann's seed has thirty-two bytes!"
	benjaminsIs = "ben's seed has thirty-two bytes!"
)

// known returns a configuration with a user. The wampcra key is derived from the secret with PBKDF2.
func known() string {
	public, _ := ed25519.NewKeyFromSeed([]byte(annsSeed)).Public().(ed25519.PublicKey) // the type of every such key
	return fmt.Sprintf(`
listen: 127.0.0.1:0
realm: conformance
auth:
  users:
    - authid: ann
      roles: [staff]
      wampcra: {key: "64xfzBvZhGDT7PB0bQwDeI8/WR1M9x6Cw5dt0yP9koc=", salt: salt123, iterations: 1000}
      cryptosign: [%x]
`, public)
}

// methods lists the methods that a client supports beside tickets.
var methods = map[string][]string{
	"autobahn": {"wampcra", "cryptosign"},
	"python":   {"wampcra", "cryptosign"},
	"nexus":    {"wampcra"},
}

func TestOtherClientsLogInByTheirMethods(t *testing.T) {
	needsNode(t)
	s := startServer(t, known())
	ctx := patient(t)
	for _, p := range allPeers(t) {
		if p.transport != webSocket || p.serialization != "json" {
			continue // the login does not depend on transport and serialization
		}
		for _, method := range methods[p.client] {
			t.Run(p.String()+" "+method, func(t *testing.T) {
				right := login{address: s.Addr(), user: "ann", method: method, secret: secret, seed: hex.EncodeToString([]byte(annsSeed))}
				session, err := p.start(t).connect(ctx, right)
				if err != nil || session.AuthID != "ann" || session.AuthRole != "staff" {
					t.Errorf("logged in as %+v: %v", session, err)
				}
				wrong := right
				wrong.secret, wrong.seed = "secret2", hex.EncodeToString([]byte(benjaminsIs))
				_, err = p.start(t).connect(ctx, wrong)
				if err == nil || !strings.Contains(err.Error(), "not this user's") {
					t.Errorf("a wrong secret: %v", err)
				}
			})
		}
	}
}
