package docs_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tidings-io/tidings/test/docs"
)

// commandTimeout limits one command of a page.
const commandTimeout = 60 * time.Second

// demo is a running demo of the real binary, and a folder for commands.
type demo struct{ folder, url, key string }

// startDemo starts a demo, which runs until the test ends.
func startDemo(t *testing.T) *demo {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the binary and starts a server; runs without -short")
	}
	built, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	d := &demo{folder: t.TempDir()}
	inFolder := filepath.Join(d.folder, "tidings")
	if err := os.Symlink(built, inFolder); err != nil {
		t.Fatal(err)
	}
	for _, block := range blocks(t, "yaml") { // commands use the README's configuration
		if block.File == "README.md" {
			if err := os.WriteFile(filepath.Join(d.folder, "tidings.yaml"), []byte(block.Text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.WriteFile(filepath.Join(d.folder, "password.txt"), []byte("correct horse battery staple\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.serve(t, exec.Command(inFolder, "demo", "--listen", "127.0.0.1:0", "--json"))
	return d
}

// folder holds the files that all tests share.
var folder string

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "tidings-docs-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := os.RemoveAll(folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// binary returns the path of the real binary: the one that TIDINGS_BINARY names, or one that it builds.
var binary = sync.OnceValues(func() (string, error) {
	if built := os.Getenv("TIDINGS_BINARY"); built != "" {
		return filepath.Abs(built)
	}
	path := filepath.Join(folder, "tidings")
	build := exec.Command("go", "build", "-o", path, "./cmd/tidings")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0") // as releases are built
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the binary: %w\n%s", err, out)
	}
	return path, nil
})

// serve starts the demo and reads its address, which it prints when it accepts connections.
func (d *demo) serve(t *testing.T, server *exec.Cmd) {
	t.Helper()
	var log bytes.Buffer
	server.Stderr = &log
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM) // Wait reports a demo that has ended before
		if err := server.Wait(); err != nil {
			t.Errorf("the demo failed: %v\n%s", err, log.String())
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("the demo did not print its address: %v", err)
	}
	var where struct{ URL, Key string }
	if err := json.Unmarshal(line, &where); err != nil {
		t.Fatalf("the demo printed %q: %v", line, err)
	}
	d.url, d.key = where.URL, where.Key
}

// run runs a shell command and returns its output.
func (d *demo) run(ctx context.Context, line string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	const shown = "http://127.0.0.1:8080"
	shell := exec.CommandContext(ctx, "sh", "-e", "-c", strings.ReplaceAll(line, shown, d.url))
	shell.Dir = d.folder
	shell.Env = append(os.Environ(), "PATH="+d.folder+":"+os.Getenv("PATH"), "TIDINGS_SERVER="+d.url, "TIDINGS_KEY=")
	for name, value := range variables {
		shell.Env = append(shell.Env, name+"="+value)
	}
	out, err := shell.CombinedOutput()
	return strings.ReplaceAll(string(out), d.url, shown), err
}

func (d *demo) get(t *testing.T, path string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v", path, answer.Status, err)
	}
	return string(text)
}

func TestEveryCommandInTheDocsWorks(t *testing.T) {
	demo := startDemo(t)
	for _, block := range blocks(t, "console") {
		if block.File == gettingStarted { // its commands are for the server of the page
			continue
		}
		for _, command := range block.Commands() {
			t.Run(block.String(), func(t *testing.T) { check(t, demo, command) })
		}
	}
}

func check(t *testing.T, demo *demo, command docs.Command) {
	printed, err := demo.run(t.Context(), command.Line)
	if err != nil {
		t.Fatalf("$ %s\n%v\n%s", command.Line, err, printed)
	}
	if !command.Agrees(printed) {
		t.Errorf("$ %s\nprinted\n%s\nand the page says\n%s", command.Line, printed, command.Output)
	}
}

// selfSigned returns a self-signed certificate and its key.
func selfSigned(t *testing.T) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: encoded})
}
