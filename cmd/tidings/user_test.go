package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/server"
)

func TestTheEntryOfAUserIsAValidConfiguration(t *testing.T) {
	out, errs := &bytes.Buffer{}, &bytes.Buffer{}
	code := run(t.Context(), streams{in: strings.NewReader("pencil\n"), out: out, err: errs},
		[]string{"user", "ann@example.com", "--role", "staff", "--method", "ticket,wampcra,wamp-scram,cryptosign"})
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	if strings.Contains(out.String(), "pencil") {
		t.Error("it shows the password")
	}
	_, text, ok := strings.Cut(out.String(), "For tidings.yaml:\n")
	if !ok {
		t.Fatalf("it says %s", out)
	}
	file := filepath.Join(t.TempDir(), "tidings.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(file, config.Options{Sections: server.Sections()})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Check(c, nil, nil); err != nil {
		t.Fatal(err)
	}
	if u := c.Auth.Users[0]; u.AuthID != "ann@example.com" || u.Password.Empty() || u.CRA == nil || u.SCRAM == nil || len(u.Cryptosign) != 1 {
		t.Errorf("it made %+v", u)
	}
}

func TestAUserWithAKeyNeedsNoPassword(t *testing.T) {
	out := &bytes.Buffer{}
	if code := run(t.Context(), streams{out: out, err: os.Stderr}, []string{"user", "robot", "--method", "cryptosign", "--json"}); code != exitOK {
		t.Fatalf("exit code %d", code)
	}
	var made struct {
		AuthID     string
		Cryptosign []string
		PrivateKey string `json:"private_key"`
	}
	if err := json.Unmarshal(out.Bytes(), &made); err != nil || len(made.Cryptosign) != 1 || len(made.PrivateKey) != 64 {
		t.Errorf("it made %s: %v", out, err)
	}
}

func TestAMissingPasswordIsAnError(t *testing.T) {
	for name, in := range map[string]string{"nothing": "", "an empty line": "\n"} {
		errs := &bytes.Buffer{}
		if code := run(t.Context(), streams{in: strings.NewReader(in), out: &bytes.Buffer{}, err: errs}, []string{"user", "ann"}); code != exitUsage {
			t.Errorf("%s: exit code %d: %s", name, code, errs)
		}
	}
}
