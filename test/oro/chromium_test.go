//go:build unix

package oro_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// chromium is a browser, driven through chromium.mjs.
type chromium struct {
	t  *testing.T
	in io.Writer

	mu      sync.Mutex // guards what follows
	last    int
	answers map[int]chan driverLine
	pages   map[string]*page
}

// driverLine is one line of the driver: an answer, or what a page reports.
type driverLine struct {
	ID    *int
	Value json.RawMessage
	Error string
	Page  string
	Event report
}

// report is what a page reports.
type report struct {
	Kind    string // established, ended, lost, maintenance, event, error
	Session string
	Code    int
	Delay   int
	On      bool
	Topic   string
	Name    string
	Payload json.RawMessage
	Text    string
}

// startChromium starts a browser, which runs until the test ends.
func startChromium(t *testing.T) *chromium {
	t.Helper()
	program := os.Getenv("CHROMIUM")
	if program == "" {
		program = "/usr/bin/chromium"
	}
	for _, needed := range []string{program, "node"} {
		if _, err := exec.LookPath(needed); err != nil {
			t.Skipf("SKIPPED: no %s. Install it (Debian: apt-get install chromium nodejs).", needed)
		}
	}
	if _, err := os.Stat(root + "/test/e2e/node_modules/playwright-core"); err != nil {
		t.Skip("SKIPPED: no playwright-core. Run make node_modules.")
	}
	command := exec.Command("node", "chromium.mjs")
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	reader, writer := io.Pipe()
	command.Stdout = writer
	c := &chromium{t: t, in: in, answers: map[int]chan driverLine{0: make(chan driverLine, 1)}, pages: map[string]*page{}}
	p := run(t, command)
	t.Cleanup(func() { _ = in.Close() }) // node may have ended
	go func() {
		<-p.ended
		_ = writer.Close() // never fails
	}()
	go c.read(reader)
	c.wait(0)
	return c
}

// read gives the lines of the driver to commands and pages.
func (c *chromium) read(from io.Reader) {
	for lines := json.NewDecoder(bufio.NewReader(from)); ; {
		var line driverLine
		if lines.Decode(&line) != nil {
			return // the end of the driver
		}
		c.mu.Lock()
		if line.ID != nil {
			c.answers[*line.ID] <- line
		} else {
			c.pages[line.Page].reports <- line.Event
		}
		c.mu.Unlock()
	}
}

func (c *chromium) wait(id int) json.RawMessage {
	c.t.Helper()
	c.mu.Lock()
	answered := c.answers[id]
	c.mu.Unlock()
	select {
	case line := <-answered:
		if line.Error != "" {
			c.t.Fatal(line.Error)
		}
		return line.Value
	case <-time.After(patience):
		c.t.Fatal("the driver of Chromium does not answer")
		return nil
	}
}

func (c *chromium) do(command map[string]any) json.RawMessage {
	c.t.Helper()
	c.mu.Lock()
	c.last++
	id := c.last
	c.answers[id] = make(chan driverLine, 1)
	c.mu.Unlock()
	command["id"] = id
	line, err := json.Marshal(command)
	if err == nil {
		_, err = c.in.Write(append(line, '\n'))
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return c.wait(id)
}

// page is a tab.
type page struct {
	*chromium
	name    string
	reports chan report
}

// visit is how a page connects.
type visit struct {
	name, user string
	address    string // of the server; "": its own
	path       string
	schedule   string
	scale      float64
}

// open opens a page of the application, and does not wait for its connection.
func (c *chromium) open(a *application, s *server, v visit) *page {
	c.t.Helper()
	if v.schedule == "" {
		v.schedule = "minutes"
	}
	if v.path == "" {
		v.path = "/ws"
	}
	if v.scale == 0 {
		v.scale = 1
	}
	if v.address == "" {
		v.address = s.address
	}
	p := &page{c, v.name, make(chan report, 10_000)}
	c.mu.Lock()
	c.pages[v.name] = p
	c.mu.Unlock()
	query := url.Values{
		"user": {v.user}, "url": {"ws://" + v.address + v.path}, "schedule": {v.schedule}, "scale": {fmt.Sprint(v.scale)},
	}
	c.do(map[string]any{"do": "open", "page": v.name, "url": a.URL + "/page/?" + query.Encode()})
	return p
}

// evaluate runs code in the page and returns its value as JSON.
func (p *page) evaluate(code string) string {
	p.t.Helper()
	return string(p.do(map[string]any{"do": "evaluate", "page": p.name, "code": code}))
}

// next returns the next report of a kind. It fails at one of the kind "error", and skips others.
func (p *page) next(kind string) report {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case r := <-p.reports:
			switch r.Kind {
			case kind:
				return r
			case "error":
				p.t.Fatalf("%s: %s", p.name, r.Text)
			}
		case <-deadline:
			p.t.Fatalf("%s: no report of the kind %s", p.name, kind)
		}
	}
}

// listen subscribes to a topic, and waits until the server has done so: it answers calls in order.
func (p *page) listen(topics ...string) {
	p.t.Helper()
	for _, topic := range topics {
		p.evaluate(fmt.Sprintf("void listen(%q)", topic))
	}
	p.settled()
}

// settled waits until the server has taken all that the page has sent.
func (p *page) settled() {
	p.t.Helper()
	p.evaluate(`sync.session.call("nothing.of.this.name").then(() => { throw new Error("it exists") }, () => null)`)
}

// event waits for an event on a topic, and returns its payload.
func (p *page) event(topic string) string {
	p.t.Helper()
	for {
		if r := p.next("event"); r.Topic == topic {
			return string(r.Payload)
		}
	}
}

// heard returns what was reported by now, and fails at an error.
func (p *page) heard() (all []report) {
	p.t.Helper()
	p.settled()
	p.evaluate("1") // reports arrive in order
	for {
		select {
		case r := <-p.reports:
			if r.Kind == "error" {
				p.t.Fatalf("%s: %s", p.name, r.Text)
			}
			all = append(all, r)
		default:
			return all
		}
	}
}
