package servers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tidings-io/tidings/test/load/wire"
)

// config is the configuration of Tidings. Contracts, rules, identities and metrics are on: there is no benchmark
// mode.
const config = `
realm: app
auth:
  tickets: {secret: "` + wire.Secret + `", ttl: 5m}
api_keys:
  - {name: ` + wire.APIKeyName + `, key: "` + wire.APIKey + `", may: [publish, subscribe, call, register]}
limits:
  # A caller at full speed is what is measured, so it must not be made to wait. (Publishers are backends
  # here, whom this limit does not concern.)
  message_rate: 1000000
  message_burst: 1000000
topics:
  load.fanout:
    subscribe: identity.role == "user"
    publish: backend
    keep: {{keep}}
  load.topic.{n:int}:
    subscribe: identity.role == "user"
    publish: backend
    keep: {{keep}}
  load.tree.{a}.{b}.{c}:
    subscribe: identity.role == "user"
    publish: backend
procedures:
  load.echo:
    call: identity.role == "user"
    register: backend
`

// Kept limits the publications that a server keeps of each topic or channel. Clients miss fewer.
const Kept = 128

// keeping returns the configuration of a server that keeps, or does not.
func keeping(k Keep) string {
	if k == KeepNothing {
		return strings.ReplaceAll(config, "    keep: {{keep}}\n", "")
	}
	text := strings.ReplaceAll(config, "{{keep}}", fmt.Sprintf("{last: %d}", Kept))
	if k == KeepOnDisk {
		text += "data: data\njournal: {sync: always}\n"
	}
	return text
}

// configure writes a configuration of Tidings and returns the TLS configuration of its clients.
func configure(file string, spec Spec) (*tls.Config, error) {
	text := keeping(spec.Keep)
	if spec.Encryption == Plain {
		return nil, os.WriteFile(file, []byte(text), 0o600)
	}
	dir := filepath.Dir(file)
	pool, err := certify(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err != nil {
		return nil, err
	}
	text += "tls: {cert: cert.pem, key: key.pem}\n"
	return &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}, os.WriteFile(file, []byte(text), 0o600)
}

// certify writes a self-signed certificate for loopback and its key.
func certify(certFile, keyFile string) (*x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("write a key: %w", err)
	}
	for file, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: cert}, keyFile: {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			return nil, fmt.Errorf("write a certificate: %w", err)
		}
	}
	parsed, err := x509.ParseCertificate(cert)
	if err != nil {
		return nil, fmt.Errorf("read a certificate: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return pool, nil
}
