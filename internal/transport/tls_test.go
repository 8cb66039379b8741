package transport_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/transport"
)

// certificate writes a self-signed certificate and its key.
func certificate(t *testing.T, until time.Time) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	certFile, keyFile = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	write(t, certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}))
	write(t, keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
	return certFile, keyFile
}

func write(t *testing.T, file string, content []byte) {
	t.Helper()
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOverTLS(t *testing.T) {
	t.Parallel()
	for _, takeover := range []bool{false, true} {
		t.Run(fmt.Sprintf("takeover=%t", takeover), func(t *testing.T) {
			t.Parallel()
			converseOverTLS(t, takeover)
		})
	}
}

// overTLS serves the same over TLS, and returns a function that connects to it.
func overTLS(t *testing.T, s *served, takeover bool) (dial func() *client) {
	config, err := transport.LoadTLS(certificate(t, time.Now().Add(time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewUnstartedServer(http.HandlerFunc(s.ServeHTTP))
	web.TLS = config
	if takeover {
		web.Listener = s.TakeoverListener(web.Listener)
	}
	web.StartTLS()
	t.Cleanup(web.Close)
	return func() *client {
		nc, err := tls.Dial("tcp", web.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { nc.Close() })
		nc.SetDeadline(time.Now().Add(patience))
		return upgraded(t, nc, upgradeRequest("/ws"))
	}
}

func converseOverTLS(t *testing.T, takeover bool) {
	handler := newEcho()
	s := serve(t, transport.Options{Handler: handler, Limits: transport.Limits{Write: 300 * time.Millisecond}})
	dial := overTLS(t, s, takeover)

	client := dial()
	if !handler.all()[0].info.Peer.TLS {
		t.Error("the peer is not told to be over TLS")
	}
	long := strings.Repeat("x", 300_000)
	message := masked(fin|opText, "byte by byte")
	for i := range message {
		client.send(message[i : i+1])
	}
	client.wants(fin|opText, "byte by byte")
	client.send(masked(fin|opText, "a"), masked(fin|opText, long), masked(fin|opText, "b"))
	client.wants(fin|opText, "a")
	client.wants(fin|opText, long)
	client.wants(fin|opText, "b")
	client.send(masked(fin|opClose, closePayload(1000, "")))
	client.wantsClose(1000)
	client.wantsEnd()
	handler.goneWith(t)

	client = dial()
	client.send(masked(3, ""))
	client.wantsClose(1002)
	client.wantsEnd()
	client.nc.Close()
	handler.goneWith(t)

	slow := dial()
	stuff(handler.all()[0], 32)
	quick := dial()
	quick.send(masked(fin|opText, "tick"))
	quick.wants(fin|opText, "tick")
	if reason := handler.goneWith(t); reason != "slow" {
		t.Errorf("the conversation was told %s", reason)
	}
	slow.nc.Close()
	quick.nc.Close()
}

func TestCertificatesThatCannotBeUsedSayWhy(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t, time.Now().Add(time.Hour))
	otherCert, otherKey := certificate(t, time.Now().Add(time.Hour))
	old, oldKey := certificate(t, time.Now().Add(-24*time.Hour))
	empty := filepath.Join(t.TempDir(), "empty.pem")
	write(t, empty, nil)
	for _, c := range []struct{ cert, key, want string }{
		{"", key, "both"},
		{cert, "", "both"},
		{cert + ".no", key, "read the certificate"},
		{cert, key + ".no", "read the key"},
		{empty, key, "failed to find"},
		{cert, otherKey, "does not match"},
		{otherCert, key, "does not match"},
		{old, oldKey, "expired on"},
	} {
		if _, err := transport.LoadTLS(c.cert, c.key); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, %s: %v, want %q", c.cert, c.key, err, c.want)
		}
	}
}

func TestAFullServerDoesNotWaitForTheTLSOfARefusedClient(t *testing.T) {
	t.Parallel()
	config, err := transport.LoadTLS(certificate(t, time.Now().Add(time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	s, _ := routed(t, transport.Options{Limits: transport.Limits{MaxConnections: 1}})
	tcp, _ := s.listenRaw(t, transport.RawSocketOptions{})
	openRaw(t, tcp, 0xf1) // has the only place
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.ServeRawSocket(listener, transport.RawSocketOptions{}) }()
	t.Cleanup(func() {
		listener.Close()
		if err := <-ended; err != nil {
			t.Errorf("ServeRawSocket: %v", err)
		}
	})
	dialStream(t, listener.Addr()).wantsEnd() // although it says nothing
}
