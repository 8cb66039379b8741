package server_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/server"
)

func TestTheServersOwnPathsAnswer(t *testing.T) {
	r := start(t, basic)
	for path, want := range map[string]struct {
		status    int
		mediaType string
		contains  string
	}{
		"/healthz":             {200, "text/plain", "ok"},
		"/readyz":              {200, "text/plain", "ready"},
		"/metrics":             {200, "text/plain", "tidings_sessions 0"},
		"/api/v1/openapi.json": {200, "application/openapi+json", `"openapi": "3.1.0"`},
		"/client/tidings.js":   {200, "text/javascript", "export"},
		"/client/":             {404, "application/problem+json", "nothing at"},
		"/nothing?ticket=abc":  {404, "application/problem+json", "nothing at /nothing"},
		"/api/v1/nothing":      {404, "application/problem+json", "nothing at"},
		"/ws":                  {426, "application/problem+json", ""},
	} {
		got := r.request("", "GET", path, nil)
		if got.status != want.status || !strings.HasPrefix(got.header.Get("Content-Type"), want.mediaType) || !strings.Contains(string(got.body), want.contains) {
			t.Errorf("%s: %d %s\n%.200s", path, got.status, got.header.Get("Content-Type"), got.body)
		}
	}
	r.request("", "POST", "/healthz", nil).refused(405, "allowed: GET, HEAD")
	if strings.Contains(r.log.String(), "abc") {
		t.Error("a query string is in the log")
	}
	if !strings.Contains(r.log.String(), `"path":"/nothing","status":404`) {
		t.Error("the access log does not have the request")
	}
}

// A page of another origin imports the SDK with CORS, and asks again only whether it is the same.
func TestPagesOfAnyOriginCanImportTheClient(t *testing.T) {
	r := start(t, basic)
	got := r.request("", "GET", "/client/tidings.js", nil)
	for key, want := range map[string]string{
		"Access-Control-Allow-Origin": "*", "Content-Type": "text/javascript; charset=utf-8", "Cache-Control": "no-cache",
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
	} {
		if value := got.header.Get(key); value != want {
			t.Errorf("%s: %q, want %q", key, value, want)
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), "GET", r.url+"/client/tidings.js", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("If-None-Match", got.header.Get("Etag"))
	if again := r.send(request); again.status != http.StatusNotModified || again.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("the same: %d %v", again.status, again.header)
	}
	forever := r.request("", "GET", "/client/"+got.header.Get("Content-Location"), nil)
	if forever.status != 200 || !strings.Contains(forever.header.Get("Cache-Control"), "immutable") || !bytes.Equal(forever.body, got.body) {
		t.Errorf("the address that never changes: %d %v", forever.status, forever.header)
	}
	request.Header = http.Header{"Accept-Encoding": {"gzip, br"}}
	if short := r.send(request); short.header.Get("Content-Encoding") != "br" || len(short.body) > 15<<10 {
		t.Errorf("compressed: %d bytes, %v", len(short.body), short.header)
	}
	if got := r.request("", "GET", "/api/v1/openapi.json", nil).header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("the API is open to other origins: %q", got)
	}
}

func TestMetricsCountWhatHappened(t *testing.T) {
	r := start(t, shop)
	page := r.user("ann", "", "staff")
	_, subscriptions, _ := strings.Cut(string(r.request("", "GET", "/metrics", nil).body), "\ntidings_subscriptions ")
	before, err := strconv.Atoi(subscriptions[:strings.IndexByte(subscriptions, '\n')]) // those of features
	if err != nil {
		t.Fatal(err)
	}
	inbox := subscribe(t, page, "order.1")
	r.api(allKey, "POST", "publish", map[string]any{"topic": "order.1"}).as(200, nil)
	wait(t, inbox.events, "the event")
	r.api("", "POST", "publish", nil).refused(401, "")
	metrics := string(r.request("", "GET", "/metrics", nil).body)
	for _, want := range []string{
		"tidings_sessions 1\n", "tidings_connections 1\n", fmt.Sprintf("tidings_subscriptions %d\n", before+1),
		"tidings_events_total 1\n", "tidings_encodings_total 1\n", "tidings_publications_total 1\n",
		"tidings_outbox_bytes 0\n", `tidings_closes_total{reason="slow"} 0`, "tidings_sent_bytes_total ",
		`tidings_publish_duration_seconds_count 1`, `tidings_authentications_total{method="ticket",result="accepted"} 1`,
		`tidings_http_request_duration_seconds_count{method="POST",route="POST /api/v1/publish",status="401"} 1`,
		"go_goroutines ", "process_resident_memory_bytes ",
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics do not have %s", want)
		}
	}
	if t.Failed() {
		t.Log(metrics)
	}
}

func TestMetricsCanBeRestrictedToAPIKeys(t *testing.T) {
	r := start(t, basic+"metrics: {key_required: true}\n")
	r.request("", "GET", "/metrics", nil).refused(401, "API key")
	if got := r.request(allKey, "GET", "/metrics", nil); got.status != 200 {
		t.Errorf("%d", got.status)
	}
}

func TestAStoppingServerSaysGoodbye(t *testing.T) {
	r := start(t, basic)
	page := r.user("ann", "")
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	wait(t, page.Done(), "the client to notice")
	if err := page.Err(); err == nil || !strings.Contains(err.Error(), "wamp.close.system_shutdown") {
		t.Errorf("the client was told: %v", err)
	}
}

func TestAConfigurationThatIsRarelyMeantIsLogged(t *testing.T) {
	for yaml, want := range map[string]string{"{}": "no client can log in", "undeclared: allow": "undeclared is allow"} {
		if r := start(t, yaml); !strings.Contains(r.log.String(), want) {
			t.Errorf("%s: %q is not in the log", yaml, want)
		}
	}
	if r := start(t, basic+"topics: {a: {subscribe: true}}\n"); strings.Contains(r.log.String(), `"level":"WARN"`) {
		t.Error("a usual configuration is warned of")
	}
}

func TestAPortThatIsTakenIsAnError(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	parsed, err := config.Parse("", []byte("listen: "+listener.Addr().String()), config.Options{Sections: server.Sections(), Lookup: noEnvironment})
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(parsed, server.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("%v", err)
	}
}

func TestTLSComesFromFiles(t *testing.T) {
	folder := t.TempDir()
	pool := certificate(t, folder)
	file := write(t, folder, "tidings.yaml", basic+"tls: {cert: cert.pem, key: key.pem}\n")
	parsed, err := config.Load(file, config.Options{Sections: server.Sections(), Lookup: noEnvironment})
	if err != nil {
		t.Fatal(err)
	}
	r := startConfig(t, parsed)
	r.url = strings.Replace(r.url, "http://", "https://", 1)
	trusting := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer trusting.CloseIdleConnections()
	answer, err := trusting.Get(r.url + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if session := r.join(client.Config{Auth: client.Key(allKey), TLS: &tls.Config{RootCAs: pool}}).Session(); session.AuthID != "all" {
		t.Errorf("%+v", session)
	}
}

// certificate writes a certificate for this machine and gives the pool that trusts it.
func certificate(t *testing.T, folder string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	write(t, folder, "cert.pem", string(certPEM))
	write(t, folder, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(certPEM)
	return pool
}

func TestAMountedHandlerThatPanicsCostsOneAnswer(t *testing.T) {
	r := start(t, basic, func(s *server.Server) {
		if err := s.Mount("GET /boom", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") })); err != nil {
			t.Error(err)
		}
		if err := s.Mount("GET /boom", http.NotFoundHandler()); err == nil {
			t.Error("a pattern was mounted twice")
		}
		if err := s.Mount("/ws", http.NotFoundHandler()); err == nil {
			t.Error("a path of the server was mounted")
		}
	})
	r.request("", "GET", "/boom", nil).refused(500, "log")
	r.request("", "GET", "/healthz", nil).as(200, nil)
}

func TestTheLoggerWritesWhatTheConfigurationAsksFor(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, c := range []config.Log{{Format: "auto", Level: "warn"}, {Format: "json", Level: "warn"}, {Format: "text", Level: "info"}} {
		log, written := server.NewLogger(c, new(slog.LevelVar), file)
		log.Info("quiet", "format", c.Format)
		log.Warn("loud", "format", c.Format)
		written.Flush(time.Minute)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	read, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(read)), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[0], "{") || !strings.HasPrefix(lines[1], "{") || !strings.Contains(lines[2], "INF quiet") {
		t.Errorf("%s", read)
	}
}

func TestWarningsAreLoggedAtOnceAndOtherLinesSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var written syncBuffer
		log, lineWriter := server.NewLogger(config.Log{Format: "json", Level: "info"}, new(slog.LevelVar), &written)
		lines := func() int { synctest.Wait(); return strings.Count(written.String(), "\n") }
		log.Info("first")
		log.With("a", 1).WithGroup("g").Info("second")
		if lines() != 0 {
			t.Errorf("written at once: %s", written.String())
		}
		time.Sleep(time.Second) // of the bubble
		synctest.Wait()
		if lines() != 2 {
			t.Errorf("written later: %s", written.String())
		}
		log.Info("third")
		if log.With("a", 1).WithGroup("g").Warn("fourth"); lines() != 4 {
			t.Errorf("a warning waits: %s", written.String())
		}
		log.Info("fifth")
		if lineWriter.Flush(time.Second); lines() != 5 {
			t.Errorf("not flushed: %s", written.String())
		}
		for range 1000 {
			log.Info("sixth", "with", strings.Repeat("x", 100))
		}
		if lines() < 700 {
			t.Errorf("%d lines wait", 1005-lines())
		}
	})
}
