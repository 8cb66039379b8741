package server_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/tidings-io/tidings/internal/auth"
)

// issuer makes certificates and writes them down.
type issuer struct {
	t      *testing.T
	folder string
	key    *ecdsa.PrivateKey
	own    *x509.Certificate
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{t: t, folder: t.TempDir()}
	i.own, i.key = i.make("ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return i
}

// make signs a certificate and writes it to NAME.pem and NAME.key.
func (i *issuer) make(name string, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	i.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		i.t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if template.Subject.CommonName == "" {
		template.Subject.CommonName = name
	}
	parent, signer := i.own, i.key
	if parent == nil {
		parent, signer = template, key
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		i.t.Fatal(err)
	}
	made, err := x509.ParseCertificate(raw)
	if err != nil {
		i.t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		i.t.Fatal(err)
	}
	i.write(name+".pem", "CERTIFICATE", raw)
	i.write(name+".key", "PRIVATE KEY", der)
	return made, key
}

func (i *issuer) write(name, kind string, der []byte) {
	i.t.Helper()
	if err := os.WriteFile(i.file(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		i.t.Fatal(err)
	}
}

func (i *issuer) file(name string) string { return filepath.Join(i.folder, name) }

// bound is a server with TLS, authorities for clients and the user ann, and what its clients know.
type bound struct {
	*running
	issuer *issuer
	server *x509.Certificate
	client *tls.Config
	key    ed25519.PrivateKey
}

const annsPassword = "correct horse"

func startBound(t *testing.T) *bound {
	t.Helper()
	b := &bound{issuer: newIssuer(t)}
	b.server, _ = b.issuer.make("server", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	b.issuer.make("robot", &x509.Certificate{
		Subject:     pkix.Name{CommonName: "robot-7", OrganizationalUnit: []string{"machines"}},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	pool := x509.NewCertPool()
	pool.AddCert(b.issuer.own)
	b.client = &tls.Config{RootCAs: pool}
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b.key = key
	scram, err := auth.NewSCRAM(annsPassword)
	if err != nil {
		t.Fatal(err)
	}
	b.running = start(t, fmt.Sprintf(`
tls: {cert: %q, key: %q, client_ca: %q}
rawsocket: [{listen: "tls://127.0.0.1:0"}]
auth:
  users:
    - authid: ann
      roles: [staff]
      cryptosign: [%q]
      scram: {salt: %q, iterations: %d, memory: %d, stored_key: %q, server_key: %q}
  certificates:
    - {unit: machines, roles: [machine]}
`, b.issuer.file("server.pem"), b.issuer.file("server.key"), b.issuer.file("ca.pem"), hex.EncodeToString(public),
		scram.Salt, scram.Iterations, scram.Memory, scram.StoredKey, scram.ServerKey))
	return b
}

// dial opens a RawSocket over TLS.
func (b *bound) dial(config *tls.Config) (*rawPeer, *tls.ConnectionState) {
	b.t.Helper()
	nc, err := tls.Dial("tcp", b.running.server.RawSocketAddrs()[0].String(), config)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { nc.Close() })
	p := &rawPeer{b.t, nc}
	if err := nc.SetDeadline(time.Now().Add(patience)); err != nil {
		b.t.Fatal(err)
	}
	if _, err := nc.Write([]byte{0x7f, 0xf1, 0, 0}); err != nil {
		b.t.Fatal(err)
	}
	p.read(4)
	state := nc.ConnectionState()
	return p, &state
}

func (p *rawPeer) hello(details string) string {
	return p.says(`[1,"app",{"roles":{"subscriber":{}},`+details+`}]`, "[")
}

func TestAClientCertificateIsAnIdentity(t *testing.T) {
	b := startBound(t)
	pair, err := tls.LoadX509KeyPair(b.issuer.file("robot.pem"), b.issuer.file("robot.key"))
	if err != nil {
		t.Fatal(err)
	}
	config := b.client.Clone()
	config.Certificates = []tls.Certificate{pair}
	peer, _ := b.dial(config)
	answer := peer.hello(`"authmethods":["tls"]`)
	for _, want := range []string{`[2,`, `"authid":"robot-7"`, `"authrole":"machine"`, `"authmethod":"tls"`} {
		if !strings.Contains(answer, want) {
			t.Errorf("%s lacks %s", answer, want)
		}
	}
	peer, _ = b.dial(b.client)
	if answer := peer.hello(`"authmethods":["tls"]`); !strings.HasPrefix(answer, `[3,`) {
		t.Errorf("without a certificate: %s", answer)
	}
}

// channelID is what a client makes of its end of the connection.
func channelID(t *testing.T, kind string, state *tls.ConnectionState) []byte {
	t.Helper()
	if kind == "tls-unique" {
		sum := sha256.Sum256(state.TLSUnique)
		return sum[:]
	}
	id, err := state.ExportKeyingMaterial("EXPORTER-Channel-Binding", []byte{}, 32)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestCryptosignIsBoundToTheConnection(t *testing.T) {
	b := startBound(t)
	old := b.client.Clone()
	old.MaxVersion = tls.VersionTLS12
	hello := func(kind string) string {
		return fmt.Sprintf(`"authmethods":["cryptosign"],"authid":"ann","authextra":{"pubkey":"%x","channel_binding":%q}`, b.key.Public(), kind)
	}
	for _, c := range []struct {
		kind   string
		config *tls.Config
	}{{"tls-exporter", b.client}, {"tls-exporter", old}, {"tls-unique", old}} {
		peer, state := b.dial(c.config)
		_, other := b.dial(c.config)
		for _, foreign := range []bool{false, true} {
			from := state
			if foreign { // as if the login came from another client
				peer, _ = b.dial(c.config)
				from = other
			}
			extra := challengeIn(t, peer.hello(hello(c.kind)))
			message, err := hex.DecodeString(extra.Challenge)
			if err != nil || extra.Binding != c.kind {
				t.Fatalf("%s: challenged with %+v", c.kind, extra)
			}
			subtle.XORBytes(message, message, channelID(t, c.kind, from))
			answer := peer.says(fmt.Sprintf(`[5,"%x%x",{}]`, ed25519.Sign(b.key, message), message), "[")
			if welcomed := strings.HasPrefix(answer, "[2,"); welcomed == foreign {
				t.Errorf("%s, foreign %v: %s", c.kind, foreign, answer)
			}
		}
	}
	peer, _ := b.dial(b.client) // TLS 1.3 has no tls-unique
	if extra := challengeIn(t, peer.hello(hello("tls-unique"))); extra.Binding != "" {
		t.Errorf("it binds to %q", extra.Binding)
	}
}

type challenged struct {
	Challenge, Nonce, Salt string
	Binding                string `json:"channel_binding"`
	Iterations, Memory     uint32
}

func challengeIn(t *testing.T, message string) challenged {
	t.Helper()
	var extra challenged
	var parts [3]json.RawMessage
	if err := json.Unmarshal([]byte(message), &parts); err != nil || string(parts[0]) != "4" {
		t.Fatalf("it is no challenge: %s", message)
	}
	if err := json.Unmarshal(parts[2], &extra); err != nil {
		t.Fatal(err)
	}
	return extra
}

func TestSCRAMIsBoundToTheConnection(t *testing.T) {
	b := startBound(t)
	old := b.client.Clone()
	old.MaxVersion = tls.VersionTLS12
	for _, c := range []struct {
		kind   string
		config *tls.Config
	}{{"tls-exporter", b.client}, {"tls-unique", old}, {"tls-server-end-point", b.client}} {
		peer, state := b.dial(c.config)
		var data []byte
		switch c.kind {
		case "tls-exporter":
			data = channelID(t, c.kind, state)
		case "tls-unique":
			data = state.TLSUnique
		default:
			sum := sha256.Sum256(b.server.Raw)
			data = sum[:]
		}
		const nonce = "Y2xpZW50IG5vbmNl"
		extra := challengeIn(t, peer.hello(fmt.Sprintf(`"authmethods":["wamp-scram"],"authid":"ann","authextra":{"nonce":%q,"channel_binding":%q}`, nonce, c.kind)))
		salt, err := base64.StdEncoding.DecodeString(extra.Salt)
		if err != nil {
			t.Fatal(err)
		}
		salted := argon2.IDKey([]byte(annsPassword), salt, extra.Iterations, extra.Memory, 1, 32)
		message := fmt.Sprintf("n=ann,r=%s,r=%s,s=%s,i=%d,c=%s,r=%s", nonce, extra.Nonce, extra.Salt, extra.Iterations,
			base64.StdEncoding.EncodeToString(append([]byte("p="+c.kind+",,"), data...)), extra.Nonce)
		key := keyed(salted, "Client Key")
		stored := sha256.Sum256(key)
		proof := make([]byte, 32)
		subtle.XORBytes(proof, key, keyed(stored[:], message))
		verifier := base64.StdEncoding.EncodeToString(keyed(keyed(salted, "Server Key"), message))
		answer := peer.says(fmt.Sprintf(`[5,%q,{"nonce":%q,"channel_binding":%q,"cbind_data":%q}]`,
			base64.StdEncoding.EncodeToString(proof), extra.Nonce, c.kind, base64.StdEncoding.EncodeToString(data)), "[")
		if !strings.HasPrefix(answer, "[2,") || !strings.Contains(answer, `"verifier":"`+verifier+`"`) {
			t.Errorf("%s: %s", c.kind, answer)
		}
	}
	peer, _ := b.dial(b.client)
	if answer := peer.hello(`"authmethods":["wamp-scram"],"authid":"ann","authextra":{"nonce":"Y2xpZW50IG5vbmNl","channel_binding":"tls-unique"}`); !strings.HasPrefix(answer, "[3,") {
		t.Errorf("a binding that is not there: %s", answer)
	}
}

func keyed(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
