package conformance_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// payload has the values of a message, in the neutral form of peers/values.mjs.
type payload struct {
	Args   []any          `json:"args"`
	Kwargs map[string]any `json:"kwargs"`
}

// failure is an error that a client reported instead of a result.
type failure struct {
	URI     string `json:"uri"`
	Message string `json:"message"`
	Args    []any  `json:"args"`
}

func (f *failure) Error() string { return fmt.Sprintf("%s: %s %v", f.URI, f.Message, f.Args) }

// session has the details that a client gets from WELCOME.
type session struct {
	AuthID   string `json:"authid"`
	AuthRole string `json:"authrole"`
}

// driver is a client under the test's control.
type driver interface {
	connect(ctx context.Context, login login) (session, error)
	subscribe(ctx context.Context, topic, match string) error
	unsubscribe(ctx context.Context, topic string) error
	publish(ctx context.Context, topic string, p payload) error
	publishToAll(ctx context.Context, topic string, p payload) error // the publisher included
	register(ctx context.Context, procedure string) error            // returns its arguments, or fails as told
	unregister(ctx context.Context, procedure string) error
	call(ctx context.Context, procedure string, p payload) (payload, error)
	close(ctx context.Context) error
	events() <-chan payload
}

type login struct {
	address, socket      string
	user, ticket         string
	method, secret, seed string // of a method other than ticket; the seed makes a key pair
}

// manyEvents is a buffer for more events than a test leaves unread.
const manyEvents = 256

// processClient is a client in its own process, which speaks the protocol of peers/peer.mjs.
type processClient struct {
	transport transport
	in        io.WriteCloser
	received  chan payload

	mu      sync.Mutex // guards what follows
	last    int
	pending map[int]chan answer
}

type answer struct {
	ID     int             `json:"id"`
	OK     json.RawMessage `json:"ok"`
	Error  *failure        `json:"error"`
	Event  *string         `json:"event"`
	Args   []any           `json:"args"`
	Kwargs map[string]any  `json:"kwargs"`
}

func startProcess(t *testing.T, by transport, command ...string) *processClient {
	t.Helper()
	name := strings.Join(command, " ")
	cmd := exec.Command(command[0], command[1:]...) //nolint:noctx,gosec // ends with its standard input; the commands are ours
	var complaints bytes.Buffer                     // some clients also print the errors that they return
	cmd.Stderr = &complaints
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	n := &processClient{transport: by, in: in, received: make(chan payload, manyEvents), pending: make(map[int]chan answer)}
	read := make(chan error, 1)
	go func() { read <- n.read(out) }()
	t.Cleanup(func() {
		in.Close()
		if err := <-read; err != nil {
			t.Errorf("%s: read: %v", name, err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if t.Failed() && complaints.Len() > 0 {
			t.Logf("%s said:\n%s", name, complaints.String())
		}
	})
	return n
}

// read dispatches the lines of the process until it ends.
func (n *processClient) read(out io.Reader) error {
	defer n.abandon()
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var a answer
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			return fmt.Errorf("%q: %w", lines.Text(), err)
		}
		if a.Event != nil {
			n.received <- payload{a.Args, a.Kwargs}
			continue
		}
		n.mu.Lock()
		waiting := n.pending[a.ID]
		delete(n.pending, a.ID)
		n.mu.Unlock()
		if waiting != nil {
			waiting <- a
		}
	}
	return lines.Err()
}

func (n *processClient) abandon() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for id, waiting := range n.pending {
		delete(n.pending, id)
		waiting <- answer{Error: &failure{Message: "the client's process has ended"}}
	}
}

// do sends a command to the process and decodes the answer into result, unless result is nil.
func (n *processClient) do(ctx context.Context, what string, parameters map[string]any, result any) error {
	answers := make(chan answer, 1)
	n.mu.Lock()
	n.last++
	id := n.last
	n.pending[id] = answers
	n.mu.Unlock()
	command := map[string]any{"id": id, "do": what}
	for k, v := range parameters {
		command[k] = v
	}
	line, err := json.Marshal(command)
	if err != nil {
		return err
	}
	if _, err := n.in.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	select {
	case a := <-answers:
		switch {
		case a.Error != nil:
			return a.Error
		case result != nil:
			return json.Unmarshal(a.OK, result)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", what, ctx.Err())
	}
}

func (n *processClient) connect(ctx context.Context, l login) (session, error) {
	var s session
	url := map[transport]string{
		webSocket: "ws://" + l.address + "/ws",
		batched:   "ws://" + l.address + "/ws",
		rawSocket: "unix://" + l.socket,
		longPoll:  "http://" + l.address + "/longpoll",
	}[n.transport]
	err := n.do(ctx, "connect", map[string]any{
		"url": url, "realm": realm, "ticket": l.ticket, "authid": l.user,
		"method": cmp.Or(l.method, "ticket"), "secret": l.secret, "seed": l.seed,
	}, &s)
	return s, err
}

func (n *processClient) subscribe(ctx context.Context, topic, match string) error {
	return n.do(ctx, "subscribe", map[string]any{"topic": topic, "match": match}, nil)
}

func (n *processClient) unsubscribe(ctx context.Context, topic string) error {
	return n.do(ctx, "unsubscribe", map[string]any{"topic": topic}, nil)
}

func (n *processClient) publish(ctx context.Context, topic string, p payload) error {
	return n.do(ctx, "publish", map[string]any{"topic": topic, "args": p.Args, "kwargs": p.Kwargs}, nil)
}

func (n *processClient) publishToAll(ctx context.Context, topic string, p payload) error {
	return n.do(ctx, "publish", map[string]any{
		"topic": topic, "args": p.Args, "kwargs": p.Kwargs, "options": map[string]any{"exclude_me": false},
	}, nil)
}

func (n *processClient) register(ctx context.Context, procedure string) error {
	return n.do(ctx, "register", map[string]any{"procedure": procedure}, nil)
}

func (n *processClient) unregister(ctx context.Context, procedure string) error {
	return n.do(ctx, "unregister", map[string]any{"procedure": procedure}, nil)
}

func (n *processClient) call(ctx context.Context, procedure string, p payload) (payload, error) {
	var result payload
	err := n.do(ctx, "call", map[string]any{"procedure": procedure, "args": p.Args, "kwargs": p.Kwargs}, &result)
	return result, err
}

func (n *processClient) close(ctx context.Context) error { return n.do(ctx, "close", nil, nil) }

func (n *processClient) events() <-chan payload { return n.received }
