//go:build unix

package deploy_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	root   = "../.."
	secret = "a secret of at least thirty-two bytes"
	key    = "an API key of the operators"
	// patience limits what has to come.
	patience = time.Minute
	// nobody is the user of the proxies, if root runs the tests.
	nobody = 65534
)

const configuration = `
listen: 127.0.0.1:0
trusted_proxies: [127.0.0.1]
longpoll: true
auth:
  tickets: {secret: "` + secret + `"}
api_keys:
  - {name: operators, key: "` + key + `", may: ["*"]}
topics:
  news.{user}: {subscribe: "true", publish: backend}
  asked.{id}: {subscribe: "true", handler: {webhook: "http://127.0.0.1:1/", on: [subscribe]}}
websocket: {ping: 1s, drain: 0s}
`

// output keeps what a process prints.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// process is a running program.
type process struct {
	out   output
	ended chan struct{} // closed at its end
}

// run starts a program, which runs until the test ends.
func run(t *testing.T, command *exec.Cmd) *process {
	t.Helper()
	p := &process{ended: make(chan struct{})}
	command.Stdout, command.Stderr = &p.out, &p.out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = command.Wait() // proxies differ in how they end
	}()
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM) // it may have ended
		<-p.ended
		if t.Failed() {
			t.Logf("%s printed:\n%s", command.Path, p.out.String())
		}
	})
	return p
}

// until waits until ready reports true.
func (p *process) until(t *testing.T, ready func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ready(); {
		select {
		case <-p.ended:
			t.Fatalf("the program ended:\n%s", p.out.String())
		case <-time.After(10 * time.Millisecond):
			if time.Now().After(deadline) {
				t.Fatalf("the program is not ready after %v:\n%s", patience, p.out.String())
			}
		}
	}
}

// folderFor returns a folder of the user that runs the proxies.
func folderFor(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "tidings-deploy-") //nolint:usetesting // a user of less rights has to reach it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

// built is the folder of the binary.
var built string

var binary = sync.OnceValues(func() (string, error) {
	if named := os.Getenv("TIDINGS_BINARY"); named != "" {
		return named, nil
	}
	path := filepath.Join(built, "tidings")
	build := exec.Command("go", "build", "-o", path, "./cmd/tidings")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the binary: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	var err error
	if built, err = os.MkdirTemp("", "tidings-deploy-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := os.RemoveAll(built); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// server is the real server, and the application beside it.
type server struct{ address, application string }

var listening = regexp.MustCompile(`127\.0\.0\.1:\d+`)

func serve(t *testing.T) *server {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the binary and starts programs; runs without -short")
	}
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "tidings.yaml")
	if err := os.WriteFile(file, []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	p := run(t, exec.Command(path, "serve", "--config", file))
	p.until(t, func() bool { return listening.MatchString(p.out.String()) })
	application := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "the application")
	}))
	t.Cleanup(application.Close)
	return &server{listening.FindString(p.out.String()), application.Listener.Addr().String()}
}

// running is a proxy that accepts connections.
type running struct {
	address string
	roots   *x509.CertPool
}

// start runs the proxy with its file, in which only addresses, files and the idle time-out are replaced.
func (p proxy) start(t *testing.T, path string, s *server) *running {
	t.Helper()
	folder := folderFor(t)
	text, err := os.ReadFile(filepath.Join(root, "deploy", p.file))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	_ = l.Close()
	site := strings.NewReplacer(
		"127.0.0.1:8080", s.address, "127.0.0.1:8001", s.application, "/etc/ssl/tidings/", folder+"/",
		"443 ssl;", address+" ssl;", "bind :443", "bind "+address, "*:443", "*:"+port,
	).Replace(p.short.Replace(string(text)))
	roots := certify(t, folder)
	write(t, folder, map[string]string{"site": site})
	if p.wrap != nil {
		write(t, folder, p.wrap(folder, port))
	}
	command := exec.Command(path, p.arguments(folder)...)
	command.Env = append(os.Environ(), "HOME="+folder, "XDG_CONFIG_HOME="+folder, "XDG_DATA_HOME="+folder)
	command.Dir = folder
	if os.Getuid() == 0 {
		give(t, folder)
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	program := run(t, command)
	program.until(t, func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return &running{address, roots}
}

func write(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// give makes a folder that of the user nobody.
func give(t *testing.T, folder string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, folder) {
		if err := os.Chown(file, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
}

// certify writes a certificate for the host names of deploy/.
func certify(t *testing.T, folder string) *x509.CertPool {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"erp.example.com", "tidings.example.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	chain := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	keyText := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	write(t, folder, map[string]string{"chain.pem": chain, "key.pem": keyText, "both.pem": chain + keyText})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(chain))
	return roots
}
