package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/tidings-io/tidings/internal/demo"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files with what the commands say now")

func TestMain(m *testing.M) {
	if os.Getenv("TIDINGS_TEST_AS_PROGRAM") != "" {
		main()
	}
	flag.Parse()
	http.DefaultClient.Transport = &http.Transport{DisableKeepAlives: true} // no idle connection is left for goleak to find
	settings = settings[:1]                                                 // this machine may have a configuration
	goleak.VerifyTestMain(m)
}

// startDemo runs the demo on a free port, and sets the environment so that the commands talk to it.
func startDemo(t *testing.T) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d, err := demo.New(demo.Options{Listener: listener, Key: demo.KnownKey, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	<-d.Server().Ready()
	url = "http://" + d.Server().Addr()
	t.Setenv("TIDINGS_SERVER", url)
	t.Setenv("TIDINGS_KEY", demo.KnownKey)
	return url
}

// A line of a golden file that begins with "$ " is a command. The lines below it are its output, with "! " in front of
// lines of standard error, and its exit code if that is not 0.
//
// Run the tests with -rewrite to write the output into the files, and read the difference.
func TestCommandsPrintTheGoldenFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			url := startDemo(t)
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := replay(t, string(want), url)
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func replay(t *testing.T, conversation, url string) string {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(conversation) {
		command, ok := strings.CutPrefix(line, "$ tidings")
		if !ok {
			if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" && !strings.Contains(b.String(), "$ ") {
				b.WriteString(line)
			}
			continue
		}
		if b.Len() > 0 && !strings.HasSuffix(b.String(), "\n\n") && !strings.HasSuffix(lastLine(b.String()), "#") {
			b.WriteString("\n")
		}
		b.WriteString(line)
		out, errs := &bytes.Buffer{}, &bytes.Buffer{}
		code := run(t.Context(), streams{out: out, err: errs}, words(t, command))
		b.WriteString(normalize(out.String(), url))
		for line := range strings.Lines(normalize(errs.String(), url)) {
			b.WriteString("! " + line)
		}
		if code != 0 {
			fmt.Fprintf(&b, "exit %d\n", code)
		}
	}
	return b.String()
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if last := lines[len(lines)-1]; strings.HasPrefix(last, "#") {
		return "#"
	}
	return ""
}

// words splits a command line at spaces outside of quotes.
func words(t *testing.T, line string) []string {
	t.Helper()
	var list []string
	for _, match := range regexp.MustCompile(`"([^"]*)"|'([^']*)'|(\S+)`).FindAllStringSubmatch(line, -1) {
		list = append(list, match[1]+match[2]+match[3])
	}
	return list
}

var unstable = []struct {
	find *regexp.Regexp
	show string
}{
	{regexp.MustCompile(`eyJ[\w.-]+`), "TICKET"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?`), "TIME"},
	{regexp.MustCompile(`tdk_\w+`), "KEY"},
	{regexp.MustCompile(`sha256:\w+`), "HASH"},
	{regexp.MustCompile(`\b\d{12,16}\b`), "ID"},
	{regexp.MustCompile(`"revision":\d+`), `"revision":N`},
	{regexp.MustCompile(`tidings \S+ \(go\S+, \w+/\w+\)`), "tidings VERSION (GO, PLATFORM)"},
}

func normalize(text, url string) string {
	text = strings.ReplaceAll(text, url, "SERVER")
	for _, u := range unstable {
		text = u.find.ReplaceAllString(text, u.show)
	}
	return text
}

// awaiting is a writer that signals when a certain text was written to it.
type awaiting struct {
	mu      sync.Mutex
	text    strings.Builder
	awaited string
	seen    chan struct{}
	closed  bool
}

func await(text string) *awaiting { return &awaiting{awaited: text, seen: make(chan struct{})} }

func (s *awaiting) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(p)
	if !s.closed && strings.Contains(s.text.String(), s.awaited) {
		s.closed = true
		close(s.seen)
	}
	return len(p), nil
}

func (s *awaiting) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (s *awaiting) wait(t *testing.T) {
	t.Helper()
	select {
	case <-s.seen:
	case <-time.After(time.Minute):
		t.Fatalf("waited for %q in %q", s.awaited, s)
	}
}

func TestSubscribeEndsAfterCountEvents(t *testing.T) {
	startDemo(t)
	for format, want := range map[string]string{
		"":       `^\d\d:\d\d:\d\d\.\d{3}  chat\.general\.typing  \{"user":\{"id":"demo","name":"Demo"\}\}\n`,
		"--json": `^\{"args":\[\],"kwargs":\{"user":\{"id":"demo","name":"Demo"\}\},"publication":\d+,"topic":"chat\.general\.typing"\}\n`,
	} {
		out, errs := &bytes.Buffer{}, await("subscribed to chat.")
		args := []string{"subscribe", "chat.", "--match", "prefix", "--count", "1"}
		if format != "" {
			args = append(args, format)
		}
		done := make(chan int, 1)
		go func() { done <- run(t.Context(), streams{out: out, err: errs}, args) }()
		errs.wait(t)
		publish := []string{"publish", "chat.general.typing", `user={"id":"demo","name":"Demo"}`}
		if code := run(t.Context(), streams{out: &bytes.Buffer{}, err: os.Stderr}, publish); code != 0 {
			t.Errorf("publish ended with %d", code)
		}
		if code := <-done; code != exitOK {
			t.Errorf("subscribe ended with %d", code)
		}
		if !regexp.MustCompile(want + `$`).MatchString(out.String()) {
			t.Errorf("%q does not match %s", out, want)
		}
	}
}

func TestSubscribeEndsWithItsContext(t *testing.T) {
	startDemo(t)
	ctx, interrupt := context.WithCancel(t.Context())
	errs := await("subscribed to demo.clock")
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, streams{out: &bytes.Buffer{}, err: errs}, []string{"subscribe", "demo.clock"})
	}()
	errs.wait(t)
	interrupt()
	if code := <-done; code != exitOK {
		t.Errorf("it ended with %d: %s", code, errs)
	}
}

func TestDemoPrintsItsAddressAndCommandsToTry(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	out := await("Nothing is kept.")
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, streams{out: out, err: os.Stderr}, []string{"demo", "--listen", "127.0.0.1:0"})
	}()
	out.wait(t)
	interrupt()
	if code := <-done; code != exitOK {
		t.Errorf("it ended with %d", code)
	}
	url := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(out.String())
	for _, want := range []string{url + "/demo/", "--server " + url + " --key demo", "curl " + url} {
		if url == "" || !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, out)
		}
	}
}

func TestADemoOnAPublicAddressHasARandomKey(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	out := await("\n")
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, streams{out: out, err: os.Stderr}, []string{"demo", "--listen", ":0", "--json"})
	}()
	out.wait(t)
	interrupt()
	<-done
	if !regexp.MustCompile(`"key":"tdk_\w{40,}"`).MatchString(out.String()) {
		t.Errorf("%s", out)
	}
}

func TestAnAddressInUseIsExplained(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for _, command := range []string{"demo", "serve"} {
		errs := &bytes.Buffer{}
		code := run(t.Context(), streams{out: &bytes.Buffer{}, err: errs}, []string{command, "--listen", listener.Addr().String()})
		if code != exitFailed || !strings.Contains(errs.String(), "tidings "+command+" --listen 127.0.0.1:8081") {
			t.Errorf("%s: %d %s", command, code, errs)
		}
	}
}

func TestAWrongAddressIsExplained(t *testing.T) {
	demo := startDemo(t)
	encrypted := httptest.NewTLSServer(http.NotFoundHandler())
	encrypted.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(encrypted.Close)
	foreign := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(foreign.Close)
	for _, test := range []struct {
		server          string
		code            int
		http, webSocket string // that the commands must say
	}{
		{strings.Replace(demo, "http", "https", 1), exitUnreachable, "write http:// instead of https://", "write http:// instead of https://"},
		{strings.Replace(encrypted.URL, "https", "http", 1), exitFailed, "write https:// instead of http://", "If the server speaks TLS, it begins with https://"},
		{encrypted.URL, exitUnreachable, "does not trust its certificate", "does not trust its certificate"},
		{demo + "/elsewhere", exitFailed, "Is --server right? It ends with /elsewhere", "no Tidings answers at " + demo + "/elsewhere/ws"},
		{foreign.URL, exitFailed, "404 Not Found: is it Tidings", "no Tidings answers at " + foreign.URL + "/ws"},
	} {
		for command, want := range map[string]string{"sessions": test.http, "call demo.echo": test.webSocket} {
			errs := &bytes.Buffer{}
			code := run(t.Context(), streams{out: &bytes.Buffer{}, err: errs}, append(strings.Fields(command), "--server", test.server))
			if code != test.code || !strings.Contains(errs.String(), want) {
				t.Errorf("%s at %s: %d %s", command, test.server, code, errs)
			}
		}
	}
}

func TestServeRunsAConfiguration(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	done := make(chan int, 1)
	errs := await(`"msg":"listening"`)
	go func() {
		done <- run(ctx, streams{out: &bytes.Buffer{}, err: errs},
			[]string{"serve", "--config", "testdata/shop.yaml", "--listen", "127.0.0.1:0", "--set", "log.level=info"})
	}()
	errs.wait(t)
	address := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(errs.String())
	t.Setenv("TIDINGS_KEY", "shop-0123456789abcdef")
	t.Setenv("TIDINGS_SERVER", "http://"+address)
	if code := run(t.Context(), streams{out: &bytes.Buffer{}, err: os.Stderr}, []string{"publish", "order.1"}); code != exitOK {
		t.Errorf("publish ended with %d", code)
	}
	interrupt()
	if code := <-done; code != exitOK {
		t.Errorf("serve ended with %d: %s", code, errs)
	}
}
