//go:build unix

package main

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// restartable returns a configuration with a data folder, and how to start its server at an address.
func restartable(t *testing.T) (start func(listen string) *process) {
	yaml := fmt.Sprintf(`
data: %q
api_keys: [{name: tests, key: tests-0123456789abcdef, may: ["*"]}]
topics:
  news: {subscribe: backend, publish: backend, keep: {last: 100}}
  noise: {subscribe: backend, publish: backend}
`, filepath.Join(t.TempDir(), "data"))
	t.Setenv("TIDINGS_KEY", "tests-0123456789abcdef")
	return func(listen string) *process {
		return startProcess(t, yaml, func(cmd *exec.Cmd) {
			cmd.Args[len(cmd.Args)-1] = listen
			cmd.Env = append(cmd.Env, "TIDINGS_KEY=") // it is a key of the commands, and none of the configuration
		})
	}
}

// publish publishes a text with the command.
func (p *process) publish(topic, text string) {
	p.t.Helper()
	if code := run(p.t.Context(), streams{out: io.Discard, err: os.Stderr}, []string{"publish", "--server", p.url, topic, text}); code != exitOK {
		p.t.Fatalf("publish ended with %d", code)
	}
}

func (p *process) kill() {
	p.t.Helper()
	p.signal(syscall.SIGKILL)
	p.ended()
}

// address returns host and port.
func (p *process) address() string {
	at, err := url.Parse(p.url)
	if err != nil {
		p.t.Fatal(err)
	}
	return at.Host
}

func TestSubscribePrintsWhatWasPublishedWhileTheServerWasAway(t *testing.T) {
	start := restartable(t)
	for topic, want := range map[string]struct{ out, says string }{
		"news":  {`(?s)^\S+  news  "one"\n\S+  news  "two"\n\S+  news  "three"\n\S+  news  "four"\n$`, "connected again: the last 2 events were published meanwhile\n"},
		"noise": {`(?s)^\S+  noise  "one"\n\S+  noise  "four"\n$`, "events may have been missed, because the server keeps none of this topic\nconnected again\n"},
	} {
		t.Run(topic, func(t *testing.T) {
			server := start("127.0.0.1:0")
			address := server.address()
			subscribed, again, out := await("subscribed to"), await("connected again"), await(`"one"`)
			done := make(chan int, 1)
			go func() {
				count := strings.Count(want.out, `\S+`)
				args := []string{"subscribe", "--server", server.url, topic, "--count", fmt.Sprint(count)}
				done <- run(t.Context(), streams{out: out, err: io.MultiWriter(subscribed, again)}, args)
			}()
			subscribed.wait(t)
			server.publish(topic, "one")
			out.wait(t)
			server.kill()
			elsewhere := start("127.0.0.1:0") // where the subscriber cannot be
			elsewhere.publish(topic, "two")
			elsewhere.publish(topic, "three")
			elsewhere.kill()
			server = start(address)
			again.wait(t)
			server.publish(topic, "four")
			if code := <-done; code != exitOK {
				t.Errorf("it ended with %d", code)
			}
			if !regexp.MustCompile(want.out).MatchString(out.String()) {
				t.Errorf("it printed %s", out)
			}
			for _, says := range []string{"connection lost: ", want.says} {
				if !strings.Contains(again.String(), says) {
					t.Errorf("%q is not in %s", says, again)
				}
			}
			server.kill()
		})
	}
}

func TestSubscribeBeginsWithTheLastEvents(t *testing.T) {
	server := restartable(t)("127.0.0.1:0")
	for _, text := range []string{"one", "two", "three"} {
		server.publish("news", text)
	}
	out := await(`"three"`)
	code := run(t.Context(), streams{out: out, err: io.Discard}, []string{"subscribe", "--server", server.url, "news", "--last", "2", "--count", "2"})
	if code != exitOK || !regexp.MustCompile(`(?s)^\S+  news  "two"\n\S+  news  "three"\n$`).MatchString(out.String()) {
		t.Errorf("it ended with %d and printed %s", code, out)
	}
	server.kill()
}
