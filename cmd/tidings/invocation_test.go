package main

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestTextsNameTheProgramAsItWasStarted(t *testing.T) {
	cached := "/Users/ann/Library/Caches/go-build/3f/" + strings.Repeat("0a", 32) + "-d/tidings"
	for _, test := range []struct {
		typed, executable string
		onPath, here      bool
		want              string
	}{
		{"tidings", "/usr/bin/tidings", true, false, "tidings"},
		{"/usr/bin/tidings", "/usr/bin/tidings", true, false, "tidings"},
		{"bin/tidings", "/src/bin/tidings", false, true, "bin/tidings"},
		{"./tidings", "/opt/tidings", false, false, "./tidings"},
		{"/opt/my tools/tidings", "/opt/my tools/tidings", false, false, `"/opt/my tools/tidings"`},
		{"/tmp/go-build123/b001/exe/tidings", "/tmp/go-build123/b001/exe/tidings", false, true, "go run ./cmd/tidings"},
		{cached, cached, false, true, "go run ./cmd/tidings"},
		{cached, cached, false, false, "go run github.com/tidings-io/tidings/cmd/tidings@latest"},
		{"/tmp/go-build123/b001/tidings.test", "/tmp/go-build123/b001/tidings.test", false, false, "tidings"},
	} {
		got := invocation{
			typed: test.typed, executable: test.executable,
			onPath: func(string, string) bool { return test.onPath },
			isHere: func(string) bool { return test.here },
		}.String()
		if got != test.want {
			t.Errorf("%s is shown as %s instead of %s", test.typed, got, test.want)
		}
	}
}

func TestOnlyCommandLinesAreReplaced(t *testing.T) {
	const text = "Try: tidings publish --help, tidings check tidings.yaml or tidings --version; a tidings server, tidings.yaml and tidings.changed stay"
	want := strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(text, "tidings publish", "X publish"), "tidings check", "X check"), "tidings --", "X --")
	if got := commandLine().ReplaceAllString(text, "X $1"); got != want {
		t.Errorf("%s", got)
	}
}

// said runs a command and returns its exit code and all that it says.
func said(t *testing.T, args ...string) (code int, text string) {
	t.Helper()
	var out bytes.Buffer
	code = run(t.Context(), streams{out: &out, err: &out}, args)
	return code, out.String()
}

func TestHelpAndVersionAreCommandsAndFlags(t *testing.T) {
	for _, pair := range [][2][]string{
		{{"help"}, {"--help"}},
		{{"help", "maintenance", "on"}, {"maintenance", "on", "--help"}},
		{{"--version"}, {"version"}},
		{{"serve", "--version"}, {"version"}},
	} {
		code, got := said(t, pair[0]...)
		_, want := said(t, pair[1]...)
		if code != exitOK || got != want || got == "" {
			t.Errorf("%v: %d %q instead of %q", pair[0], code, got, want)
		}
	}
	if code, text := said(t, "help", "nothing"); code != exitUsage {
		t.Errorf("%d %s", code, text)
	}
}

func TestEveryCommandHasAnExample(t *testing.T) {
	for _, leaf := range newParser(streams{}).Model.Leaves(true) {
		if !strings.Contains(leaf.Detail, "\n  tidings "+leaf.Path()) && !strings.Contains(leaf.Detail, "tidings "+leaf.Path()) {
			t.Errorf("tidings %s has no example", leaf.Path())
		}
	}
}

func TestHealthReportsWhatTheServerAnswers(t *testing.T) {
	url := startDemo(t)
	for path, want := range map[string]string{"health": "ok\n", "health --ready": "ready\n", "health --json": `{"answer":"ok","healthy":true,"status":200}` + "\n"} {
		if code, text := said(t, strings.Fields(path)...); code != exitOK || text != want {
			t.Errorf("%s: %d %s", path, code, text)
		}
	}
	stopping := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusServiceUnavailable)
		w.Write([]byte(`{"status":503,"title":"Service Unavailable","detail":"not ready: draining"}`))
	}))
	defer stopping.Close()
	if code, text := said(t, "health", "--ready", "--server", stopping.URL); code != exitFailed || !strings.Contains(text, "is not ready: draining") {
		t.Errorf("%d %s", code, text)
	}
	if code, text := said(t, "health", "--ready", "--json", "--server", stopping.URL); code != exitFailed || !strings.HasPrefix(text, `{"answer":"not ready: draining","healthy":false`) {
		t.Errorf("%d %s", code, text)
	}
	foreign := httptest.NewServer(http.NotFoundHandler())
	defer foreign.Close()
	if code, text := said(t, "health", "--server", foreign.URL); code != exitFailed || !strings.Contains(text, "/healthz answered 404: is it Tidings?") {
		t.Errorf("%d %s", code, text)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	listener.Close()
	if code, text := said(t, "health", "--server", closed); code != exitUnreachable || !strings.Contains(text, "cannot reach the server") {
		t.Errorf("%d %s", code, text)
	}
	encrypted := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) }))
	defer encrypted.Close()
	if code, text := said(t, "health", "--insecure", "--server", encrypted.URL); code != exitOK {
		t.Errorf("%d %s (%s)", code, text, url)
	}
}

func TestCompletionKnowsCommandsFlagsAndValues(t *testing.T) {
	for line, want := range map[string]string{
		"":                         "serve demo check health key user publish subscribe call ticket topics sessions logout invalidate reload maintenance bench completion help version",
		"ma":                       "maintenance",
		"maintenance ":             "on off status",
		"maintenance on --mes":     "--message",
		"completion ":              "bash zsh fish",
		"completion f":             "fish",
		"check ":                   ":file",
		"serve --config ":          ":file",
		"serve --config x --li":    "--listen",
		"subscribe --match ":       "exact prefix wildcard",
		"subscribe a --match wild": "wildcard",
		"nothing ":                 "",
	} {
		words := strings.Split(line, " ")
		var got []string
		for _, found := range complete(newParser(streams{}).Model.Node, words) {
			got = append(got, found.word)
		}
		wanted := strings.Fields(want)
		if line == "" { // other commands may come
			got = slices.DeleteFunc(got, func(word string) bool { return !slices.Contains(wanted, word) })
		}
		if strings.Join(got, " ") != strings.Join(wanted, " ") {
			t.Errorf("%q: %v instead of %v", line, got, wanted)
		}
	}
}

func TestCheckStrictFailsOnWarnings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tidings.yaml")
	if err := os.WriteFile(file, []byte("undeclared: allow\nauth: {anonymous: {}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]struct {
		code int
		text string
	}{
		"":                {exitOK, "warning: " + file + ":1:13: undeclared is allow"},
		"--strict":        {exitFailed, "1 warning, and --strict allows none\n"},
		"--json":          {exitOK, `{"ok":true,"problems":[],"warnings":[{"file":"` + file + `","line":1,"column":13,`},
		"--json --strict": {exitFailed, `{"ok":false,"problems":[],"warnings":[{`},
	} {
		code, text := said(t, append([]string{"check", file}, strings.Fields(args)...)...)
		if code != want.code || !strings.Contains(text, want.text) {
			t.Errorf("%s: %d %s", args, code, text)
		}
	}
}

func TestNotesBelowRowsLeaveTheColumnsAligned(t *testing.T) {
	var out bytes.Buffer
	list := newTable(&out, "SESSION", "USER", "NAME")
	list.row("1044756538610717", "ann", "Ann Miller")
	list.note("tidings.content.order.42")
	list.row("7", "benedict", "Ben")
	if err := list.flush(); err != nil {
		t.Fatal(err)
	}
	want := "SESSION           USER      NAME\n" +
		"1044756538610717  ann       Ann Miller\n" +
		"    tidings.content.order.42\n" +
		"7                 benedict  Ben\n"
	if out.String() != want {
		t.Errorf("got\n%s", out.String())
	}
}

func TestAnUnknownCommandIsCalledOne(t *testing.T) {
	for args, want := range map[string]string{
		"foo":           "tidings: there is no command foo\n",
		"help foo":      "tidings: there is no command foo\n",
		"subscrbe a":    "tidings: there is no command subscrbe; did you mean subscribe?\n",
		"sesions":       "tidings: there is no command sesions; did you mean sessions?\n",
		"sessions a":    "tidings: unexpected argument a\n",
		"maintenance x": "tidings: unexpected argument x",
		"--nonsense":    "tidings: unknown flag --nonsense",
	} {
		if code, text := said(t, strings.Fields(args)...); code != exitUsage || !strings.HasPrefix(text, want) {
			t.Errorf("%s: %d %s", args, code, text)
		}
	}
}

func TestCheckAndServeFindTheConfiguration(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	t.Setenv("TIDINGS_CONFIG", "")
	former := settings
	settings = []string{"tidings.yaml", filepath.Join(folder, "etc", "tidings.yaml")}
	t.Cleanup(func() { settings = former })
	if code, text := said(t, "check"); code != exitUsage || !strings.Contains(text, "there is neither tidings.yaml nor "+settings[1]+": name the configuration file") {
		t.Errorf("%d %s", code, text)
	}
	if err := os.Mkdir("etc", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{settings[1], "tidings.yaml"} { // the second goes first
		if err := os.WriteFile(file, []byte("relam: app\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, command := range []string{"check", "serve"} {
			if code, text := said(t, command); code != exitFailed || !strings.Contains(text, file+":1:1: there is no key relam") {
				t.Errorf("%s: %d %s", command, code, text)
			}
		}
	}
}

func TestAdviceForAnUnreachableServerIsThatOfTheCause(t *testing.T) {
	for cause, want := range map[error]string{
		&net.OpError{Op: "dial", Err: &net.DNSError{Name: "x", IsNotFound: true}}: "No machine is known by this name",
		os.ErrDeadlineExceeded: "It did not answer in time",
		&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}: "Is it running? Start one with: tidings demo",
	} {
		if got := (&unreachableError{server: "http://x", cause: cause}).Error(); !strings.Contains(got, want) {
			t.Errorf("%v: %s", cause, got)
		}
	}
}

func TestAdviceIsThatOfTheError(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for set, want := range map[string]string{
		"data=" + folder + "/file/x":                                "A file is in the way. Remove it, or name another folder: tidings serve --set data=FOLDER",
		"rawsocket=[{listen: unix:///" + folder + "/no/sock}]":      "Choose another path for the socket: rawsocket",
		"rawsocket=[{listen: tcp://" + taken.Addr().String() + "}]": "Choose another one: rawsocket, for example tcp://127.0.0.1:8091",
		"listen=" + taken.Addr().String():                           "Choose another one: tidings serve --listen 127.0.0.1:8081",
	} {
		args := []string{"serve", "--config", "testdata/shop.yaml", "--set", "listen=127.0.0.1:0", "--set", set}
		code, text := said(t, args...)
		if code != exitFailed || !strings.Contains(text, want) || strings.Contains(text, "below 1024") {
			t.Errorf("%s: %d %s", set, code, text)
		}
	}
}
