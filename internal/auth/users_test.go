package auth_test

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/argon2"

	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

const password = "correct horse"

var annsKey = ed25519.NewKeyFromSeed([]byte("ann's seed has thirty-two bytes!"))

// ann returns a user with a credential for every method. Hashing is slow, so all tests share one user.
func ann(t testing.TB) auth.UserOptions {
	t.Helper()
	o, err := annOnce()
	if err != nil {
		t.Fatal(err)
	}
	cra, scram := *o.CRA, *o.SCRAM // copies, which a test may change
	o.CRA, o.SCRAM = &cra, &scram
	return o
}

var annOnce = sync.OnceValues(func() (auth.UserOptions, error) {
	hash, err1 := auth.HashPassword(password)
	cra, err2 := auth.NewCRA(password)
	scram, err3 := auth.NewSCRAM(password)
	return auth.UserOptions{
		AuthID: "ann", Name: "Ann Abel", Roles: []string{"staff", "sales"}, Tenant: "acme",
		Password: hash, CRA: cra, SCRAM: scram, Keys: []string{hex.EncodeToString(annsKey.Public().(ed25519.PublicKey))},
	}, errors.Join(err1, err2, err3)
})

func usersChain(t testing.TB) *auth.Chain {
	t.Helper()
	users := auth.NewUsers()
	if err := users.Add(ann(t)); err != nil {
		t.Fatal(err)
	}
	return auth.NewChain(auth.ChainOptions{Users: users, Anonymous: auth.NewAnonymous("visitor")})
}

// player is the client's side of a method.
type player struct {
	authid   string
	password string
	key      ed25519.PrivateKey
}

var honest = player{authid: "ann", password: password, key: annsKey}

func (p player) hello(method string) peer.AuthRequest {
	extra := wamp.Dict{}
	switch method {
	case "wamp-scram":
		extra["nonce"] = "Y2xpZW50IG5vbmNl"
	case "cryptosign":
		extra["pubkey"] = hex.EncodeToString(p.key.Public().(ed25519.PublicKey))
	}
	return peer.AuthRequest{Realm: "app", Session: 4711, Details: wamp.Dict{
		"authid": p.authid, "authmethods": []any{method, "anonymous"}, "authextra": extra,
	}}
}

func (p player) answer(t testing.TB, c *wamp.Challenge) *wamp.Authenticate {
	t.Helper()
	switch c.Method {
	case "ticket":
		return &wamp.Authenticate{Signature: p.password}
	case "wampcra":
		return &wamp.Authenticate{Signature: p.signCRA(t, c.Extra)}
	case "wamp-scram":
		return p.proveSCRAM(t, c.Extra)
	case "cryptosign":
		challenge, _ := c.Extra.String("challenge")
		message, err := hex.DecodeString(challenge)
		if err != nil {
			t.Fatal(err)
		}
		return &wamp.Authenticate{Signature: hex.EncodeToString(ed25519.Sign(p.key, message)) + challenge}
	}
	t.Fatalf("the challenge is of %q", c.Method)
	return nil
}

func (p player) signCRA(t testing.TB, extra wamp.Dict) string {
	t.Helper()
	challenge, _ := extra.String("challenge")
	salt, _ := extra.String("salt")
	iterations, _ := extra.Int("iterations")
	length, _ := extra.Int("keylen")
	raw, err := pbkdf2.Key(sha256.New, p.password, []byte(salt), int(iterations), int(length))
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(mac([]byte(base64.StdEncoding.EncodeToString(raw)), challenge))
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func (p player) proveSCRAM(t testing.TB, extra wamp.Dict) *wamp.Authenticate {
	t.Helper()
	nonce, _ := extra.String("nonce")
	salt, _ := extra.String("salt")
	iterations, _ := extra.Int("iterations")
	memory, _ := extra.Int("memory")
	raw, err := base64.StdEncoding.DecodeString(salt)
	if err != nil {
		t.Fatal(err)
	}
	salted := argon2.IDKey([]byte(p.password), raw, uint32(iterations), uint32(memory), 1, 32)
	message := fmt.Sprintf("n=%s,r=Y2xpZW50IG5vbmNl,r=%s,s=%s,i=%d,c=biws,r=%s", p.authid, nonce, salt, iterations, nonce)
	key := mac(salted, "Client Key")
	stored := sha256.Sum256(key)
	proof := make([]byte, 32)
	subtle.XORBytes(proof, key, mac(stored[:], message))
	return &wamp.Authenticate{
		Signature: base64.StdEncoding.EncodeToString(proof),
		Extra:     wamp.Dict{"nonce": nonce, "channel_binding": nil, "cbind_data": nil},
	}
}

var secretMethods = []string{"ticket", "wampcra", "wamp-scram", "cryptosign"}

func begin(t testing.TB, chain *auth.Chain, handshake peer.AuthRequest) peer.AuthResult {
	t.Helper()
	outcome, err := chain.Authenticate(t.Context(), handshake)
	if err != nil {
		t.Fatal(err)
	}
	if outcome.Challenge == nil || outcome.Identity != nil {
		t.Fatalf("there is no challenge: %+v", outcome)
	}
	return outcome
}

func TestAUserLogsInByEveryMethod(t *testing.T) {
	chain := usersChain(t)
	for _, method := range secretMethods {
		t.Run(method, func(t *testing.T) {
			outcome := begin(t, chain, honest.hello(method))
			outcome, err := outcome.Next(t.Context(), honest.answer(t, outcome.Challenge))
			if err != nil {
				t.Fatal(err)
			}
			i := outcome.Identity
			if i.ID != "ann" || i.Name != "Ann Abel" || i.Role() != "staff" || i.Tenant != "acme" || i.Method != method || i.Provider != "static" || i.Backend {
				t.Errorf("it is %+v", i)
			}
		})
	}
}

func TestAWrongProofIsRefusedByEveryMethodWithoutAReason(t *testing.T) {
	chain := usersChain(t)
	_, other, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range secretMethods {
		t.Run(method, func(t *testing.T) {
			said := make(map[string]bool)
			for name, p := range map[string]player{
				"a wrong proof":  {"ann", "wrong", other},
				"an unknown one": {"zed", password, other},
				"another's name": {"zed", "wrong", annsKey},
			} {
				outcome := begin(t, chain, p.hello(method))
				outcome, err := outcome.Next(t.Context(), p.answer(t, outcome.Challenge))
				if outcome.Identity != nil {
					t.Fatalf("%s became %+v", name, outcome.Identity)
				}
				said[refusedAs(t, err, wamp.ErrAuthenticationDenied).Message] = true
			}
			if len(said) != 1 {
				t.Errorf("the refusals differ: %v", said)
			}
		})
	}
}

func TestAnAnswerIsValidForItsOwnChallengeOnly(t *testing.T) {
	chain := usersChain(t)
	for _, method := range []string{"wampcra", "wamp-scram", "cryptosign"} {
		t.Run(method, func(t *testing.T) {
			recorded := honest.answer(t, begin(t, chain, honest.hello(method)).Challenge)
			_, err := begin(t, chain, honest.hello(method)).Next(t.Context(), recorded)
			refusedAs(t, err, wamp.ErrAuthenticationDenied)
		})
	}
}

func TestASignatureOfAnotherMessageIsRefused(t *testing.T) {
	chain := usersChain(t)
	message := make([]byte, 32)
	blob := hex.EncodeToString(ed25519.Sign(annsKey, message)) + hex.EncodeToString(message)
	_, err := begin(t, chain, honest.hello("cryptosign")).Next(t.Context(), &wamp.Authenticate{Signature: blob})
	refusedAs(t, err, wamp.ErrAuthenticationDenied)
}

func TestAMalformedAnswerIsRefused(t *testing.T) {
	chain := usersChain(t)
	for _, method := range secretMethods {
		for _, text := range []string{"", "x", "====", strings.Repeat("0", 192), strings.Repeat("A", 1<<16), "\x00", "ü"} {
			outcome, err := begin(t, chain, honest.hello(method)).Next(t.Context(), &wamp.Authenticate{Signature: text})
			if outcome.Identity != nil {
				t.Fatalf("%s: %q let in", method, text)
			}
			refusedAs(t, err, wamp.ErrAuthenticationDenied)
		}
	}
}

// The challenge of an unknown user has the usual form, the same salt each time, and another salt for another
// authid.
func TestDecoysLookLikeExistingUsers(t *testing.T) {
	chain := usersChain(t)
	for _, method := range []string{"wampcra", "wamp-scram"} {
		challenge := func(authid string) wamp.Dict {
			return begin(t, chain, player{authid: authid}.hello(method)).Challenge.Extra
		}
		real, fake, again, other := challenge("ann"), challenge("zed"), challenge("zed"), challenge("yan")
		for key, value := range real {
			if fmt.Sprintf("%T", value) != fmt.Sprintf("%T", fake[key]) {
				t.Errorf("%s: %s is %v for one and %v for the other", method, key, value, fake[key])
			}
		}
		if fake["iterations"] != real["iterations"] || fake["keylen"] != real["keylen"] || fake["memory"] != real["memory"] {
			t.Errorf("%s: the costs differ: %v, %v", method, real, fake)
		}
		if fake["salt"] != again["salt"] || fake["salt"] == other["salt"] || len(fake["salt"].(string)) != len(real["salt"].(string)) {
			t.Errorf("%s: the salts are %v, %v, %v, %v", method, real["salt"], fake["salt"], again["salt"], other["salt"])
		}
	}
}

func TestDecoysHaveNoSaltIfUsersHaveNone(t *testing.T) {
	users := auth.NewUsers()
	if err := users.Add(auth.UserOptions{AuthID: "ann", CRA: &auth.CRA{Key: "a-secret-of-the-machine"}}); err != nil {
		t.Fatal(err)
	}
	chain := auth.NewChain(auth.ChainOptions{Users: users})
	for _, authid := range []string{"ann", "zed"} {
		extra := begin(t, chain, player{authid: authid}.hello("wampcra")).Challenge.Extra
		if len(extra) != 1 {
			t.Errorf("%s is shown %v", authid, extra)
		}
	}
}

func TestTheChallengeOfCRADoesNotShowWhetherTheUserExists(t *testing.T) {
	said := func(answer string) (challenge map[string]any) {
		extra := begin(t, dynamicChain(says(answer), nil), honest.hello("wampcra")).Challenge.Extra
		text, _ := extra.String("challenge")
		if err := json.Unmarshal([]byte(text), &challenge); err != nil {
			t.Fatal(err)
		}
		return challenge
	}
	known, unknown := said(knowsAnn(t)), said(`{"allow": false}`)
	for _, key := range []string{"authrole", "authprovider"} {
		if known[key] != unknown[key] {
			t.Errorf("%s is %q for one and %q for the other", key, known[key], unknown[key])
		}
	}
}

func TestTheChallengeOfCRAIsJSONAndNamesTheSession(t *testing.T) {
	chain := usersChain(t)
	for _, authid := range []string{"ann", `qu"ote\`} {
		extra := begin(t, chain, player{authid: authid}.hello("wampcra")).Challenge.Extra
		text, _ := extra.String("challenge")
		var said struct {
			AuthID, AuthRole, AuthMethod, AuthProvider, Nonce, Timestamp string
			Session                                                      int64
		}
		if err := json.Unmarshal([]byte(text), &said); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if said.AuthID != authid || said.AuthMethod != "wampcra" || said.AuthProvider != "static" || said.AuthRole != "staff" || said.Session != 4711 || said.Nonce == "" || !strings.HasSuffix(said.Timestamp, "Z") {
			t.Errorf("it is %s", text)
		}
	}
}

// The expected values are computed from the texts of the specification.
func TestCRAComputesTheSignatureOfTheSpecification(t *testing.T) {
	const key = "64xfzBvZhGDT7PB0bQwDeI8/WR1M9x6Cw5dt0yP9koc=" // secret1, salt123, 1000, 32
	if !auth.SignedCRA(auth.CRA{Key: key}, `{"nonce": "LHRTC9zeOIrt_9U3"}`, "+Z+UAjQEcvycrJ4gHiAE2DPkl3Fi0dFjjrtklRSVmq8=") {
		t.Error("the signature is another")
	}
}

// RFC 7677, section 3.
func TestSCRAMComputesTheProofOfTheRFC(t *testing.T) {
	s := auth.SCRAM{Salt: "W22ZaJ0SNY7soEsUEjb6gQ==", KDF: "pbkdf2", Iterations: 4096}
	salted, err := base64.StdEncoding.DecodeString(auth.SaltedPassword(s, "pencil"))
	if err != nil {
		t.Fatal(err)
	}
	stored := sha256.Sum256(mac(salted, "Client Key"))
	s.StoredKey = base64.StdEncoding.EncodeToString(stored[:])
	s.ServerKey = base64.StdEncoding.EncodeToString(mac(salted, "Server Key"))
	const client = "rOprNGfwEbeRWgbNEkqO"
	verifier, ok := auth.VerifySCRAM(s, "user", client, client+"%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
	// WAMP puts the client's nonce at the same place as the RFC, so the messages are equal.
	if !ok || verifier != "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=" {
		t.Errorf("got %q, %v", verifier, ok)
	}
}

func TestSCRAMAnswersWithAProofOfItsOwn(t *testing.T) {
	outcome := begin(t, usersChain(t), honest.hello("wamp-scram"))
	outcome, err := outcome.Next(t.Context(), honest.answer(t, outcome.Challenge))
	if err != nil {
		t.Fatal(err)
	}
	verifier, _ := outcome.Extra.String("verifier")
	if raw, err := base64.StdEncoding.DecodeString(verifier); err != nil || len(raw) != 32 {
		t.Errorf("the verifier is %q", verifier)
	}
}

func TestSCRAMRefusesAnotherNonceOrBinding(t *testing.T) {
	chain := usersChain(t)
	for name, change := range map[string]func(wamp.Dict){
		"another nonce":       func(d wamp.Dict) { d["nonce"] = "x" },
		"no nonce":            func(d wamp.Dict) { delete(d, "nonce") },
		"a binding":           func(d wamp.Dict) { d["channel_binding"] = "tls-exporter" },
		"data without a kind": func(d wamp.Dict) { d["cbind_data"] = "AAAA" },
	} {
		outcome := begin(t, chain, honest.hello("wamp-scram"))
		answer := honest.answer(t, outcome.Challenge)
		change(answer.Extra)
		if _, err := outcome.Next(t.Context(), answer); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestWithoutTLSThereIsNoChannelBinding(t *testing.T) {
	chain := usersChain(t)
	h := honest.hello("wamp-scram")
	h.Details["authextra"].(wamp.Dict)["channel_binding"] = "tls-exporter"
	_, err := chain.Authenticate(t.Context(), h)
	refusedAs(t, err, wamp.ErrAuthenticationDenied)

	h = honest.hello("cryptosign") // continues without a binding, and says so
	h.Details["authextra"].(wamp.Dict)["channel_binding"] = "tls-exporter"
	if extra := begin(t, chain, h).Challenge.Extra; extra["channel_binding"] != nil {
		t.Errorf("it says %v", extra)
	}
}

func TestAMalformedHelloIsRefused(t *testing.T) {
	chain := usersChain(t)
	for name, d := range map[string]wamp.Dict{
		"scram without a nonce":         {"authid": "ann", "authmethods": []any{"wamp-scram"}},
		"scram with a short one":        {"authid": "ann", "authmethods": []any{"wamp-scram"}, "authextra": wamp.Dict{"nonce": "AAAA"}},
		"scram with no base64":          {"authid": "ann", "authmethods": []any{"wamp-scram"}, "authextra": wamp.Dict{"nonce": "a,r=aaaaaaaaaaaa"}},
		"scram without an authid":       {"authmethods": []any{"wamp-scram"}, "authextra": wamp.Dict{"nonce": "AAAAAAAAAAAA"}},
		"cra without an authid":         {"authmethods": []any{"wampcra"}},
		"cryptosign without a key":      {"authid": "ann", "authmethods": []any{"cryptosign"}},
		"cryptosign with a short key":   {"authid": "ann", "authmethods": []any{"cryptosign"}, "authextra": wamp.Dict{"pubkey": "00"}},
		"an authid of many bytes (cra)": {"authid": strings.Repeat("a", 300), "authmethods": []any{"wampcra"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := chain.Authenticate(t.Context(), hello(d))
			refusedAs(t, err, wamp.ErrAuthenticationDenied)
		})
	}
}

func TestCryptosignFindsTheUserByTheKey(t *testing.T) {
	chain := usersChain(t)
	h := honest.hello("cryptosign")
	delete(h.Details, "authid")
	outcome := begin(t, chain, h)
	outcome, err := outcome.Next(t.Context(), honest.answer(t, outcome.Challenge))
	if err != nil || outcome.Identity.ID != "ann" {
		t.Errorf("got %+v, %v", outcome.Identity, err)
	}
}

func TestTheServerSignsTheChallengeOfAClient(t *testing.T) {
	users := auth.NewUsers()
	if err := users.Add(ann(t)); err != nil {
		t.Fatal(err)
	}
	key, err := auth.ParseSigningKey(strings.Repeat("5a", 32))
	if err != nil {
		t.Fatal(err)
	}
	chain := auth.NewChain(auth.ChainOptions{Users: users, SigningKey: key})
	h := honest.hello("cryptosign")
	mine := strings.Repeat("0f", 32)
	h.Details["authextra"].(wamp.Dict)["challenge"] = mine
	extra := begin(t, chain, h).Challenge.Extra
	blob, _ := extra.String("signature")
	public, _ := extra.String("pubkey")
	raw, err := hex.DecodeString(blob)
	if err != nil || len(raw) != 96 || hex.EncodeToString(raw[64:]) != mine || public != hex.EncodeToString(key.Public().(ed25519.PublicKey)) {
		t.Fatalf("it says %v", extra)
	}
	if !ed25519.Verify(key.Public().(ed25519.PublicKey), raw[64:], raw[:64]) {
		t.Error("the signature does not hold")
	}
	h.Details["authextra"].(wamp.Dict)["challenge"] = "short"
	_, err = chain.Authenticate(t.Context(), h)
	refusedAs(t, err, wamp.ErrAuthenticationDenied)
}

func TestTicketsKeysAndPasswordsWorkTogether(t *testing.T) {
	users := auth.NewUsers()
	if err := users.Add(ann(t)); err != nil {
		t.Fatal(err)
	}
	tickets := newTickets(t, auth.TicketOptions{})
	chain := auth.NewChain(auth.ChainOptions{
		Users: users, Tickets: tickets, Keys: newKeys(t, auth.KeyOptions{Name: "erp", Key: "a key of many characters"}),
	})
	for name, c := range map[string]struct{ authid, secret, provider string }{
		"a password":                 {"ann", password, "static"},
		"a key":                      {"erp", "a key of many characters", "api_key"},
		"a ticket":                   {"42", issue(t, tickets), "ticket"},
		"a ticket of nobody we know": {"", issue(t, tickets), "ticket"},
	} {
		d := wamp.Dict{"authmethods": []any{"ticket"}}
		if c.authid != "" {
			d["authid"] = c.authid
		}
		identity, err := answer(t, chain, d, c.secret)
		if err != nil || identity.Provider != c.provider {
			t.Errorf("%s: got %+v, %v", name, identity, err)
		}
	}
}

func TestAnInvalidUserDeclarationIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*auth.UserOptions)
		says   string
	}{
		"no authid":        {func(o *auth.UserOptions) { o.AuthID = "" }, "authid"},
		"no credential":    {func(o *auth.UserOptions) { *o = auth.UserOptions{AuthID: "x"} }, "no credential"},
		"a plain password": {func(o *auth.UserOptions) { o.Password = password }, "Argon2id"},
		"a greedy hash": {func(o *auth.UserOptions) {
			o.Password = "$argon2id$v=19$m=99999999,t=2,p=1$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		}, "memory"},
		"a lazy key":           {func(o *auth.UserOptions) { o.CRA.Iterations = 1 }, "iterations"},
		"a raw key":            {func(o *auth.UserOptions) { o.CRA.Key = "secret" }, "base64"},
		"another kdf":          {func(o *auth.UserOptions) { o.SCRAM.KDF = "md5" }, "kdf"},
		"pbkdf2 in a hurry":    {func(o *auth.UserOptions) { o.SCRAM.KDF = "pbkdf2" }, "4096"},
		"half a stored key":    {func(o *auth.UserOptions) { o.SCRAM.StoredKey = "AAAA" }, "stored_key"},
		"half a public key":    {func(o *auth.UserOptions) { o.Keys = []string{"00"} }, "public key"},
		"a control character":  {func(o *auth.UserOptions) { o.AuthID = "a\x00" }, "control"},
		"the same once more":   {func(*auth.UserOptions) {}, "two users"},
		"the key of somebody":  {func(o *auth.UserOptions) { o.AuthID = "ben" }, "already"},
		"too many public keys": {func(o *auth.UserOptions) { o.Keys = make([]string, 100) }, "at most"},
	} {
		t.Run(name, func(t *testing.T) {
			users := auth.NewUsers()
			if err := users.Add(ann(t)); err != nil {
				t.Fatal(err)
			}
			o := ann(t)
			c.change(&o)
			if err := users.Add(o); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func FuzzAnInvalidAnswerIsRefused(f *testing.F) {
	chain := usersChain(f)
	f.Add("wampcra", "x", "y", "z")
	f.Add("cryptosign", strings.Repeat("0", 192), "", "")
	f.Add("wamp-scram", "AAAA", "tls-exporter", "AAAA")
	f.Fuzz(func(t *testing.T, method, signature, kind, data string) {
		if method == "anonymous" || method == "ticket" { // these parse nothing, and hashing is slow
			return
		}
		h := honest.hello(method)
		h.Details["authmethods"] = []any{method}
		h.Details["authextra"].(wamp.Dict)["challenge"] = data
		outcome, err := chain.Authenticate(t.Context(), h)
		if err != nil {
			return
		}
		outcome, err = outcome.Next(t.Context(), &wamp.Authenticate{Signature: signature, Extra: wamp.Dict{"nonce": data, "channel_binding": kind, "cbind_data": data}})
		if err == nil || outcome.Identity != nil {
			t.Fatalf("%s let %q in", method, signature)
		}
	})
}

func FuzzAPasswordHashIsParsedOrRefused(f *testing.F) {
	f.Add("$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AAAA", "AAAA")
	f.Fuzz(func(_ *testing.T, hash, key, salt string) {
		users := auth.NewUsers()
		_ = users.Add(auth.UserOptions{AuthID: "x", Password: hash})
		_ = users.Add(auth.UserOptions{AuthID: "y", CRA: &auth.CRA{Key: key, Salt: salt, Iterations: 1000, KeyLen: 32}})
		_ = users.Add(auth.UserOptions{AuthID: "z", SCRAM: &auth.SCRAM{Salt: salt, KDF: "pbkdf2", Iterations: 4096, StoredKey: key, ServerKey: key}, Keys: []string{key}})
	})
}
