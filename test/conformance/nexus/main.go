// Command nexus is the client of the router of that name, unmodified, controlled from outside:
// ../peers/peer.mjs says how. It never is a part of the server.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"regexp"
	"time"

	"github.com/gammazero/nexus/v3/client"
	"github.com/gammazero/nexus/v3/transport/serialize"
	"github.com/gammazero/nexus/v3/wamp"
	"github.com/gammazero/nexus/v3/wamp/crsign"
)

// patience is longer than any test waits.
const patience = time.Minute

var serializations = map[string]serialize.Serialization{"json": client.JSON, "msgpack": client.MSGPACK, "cbor": client.CBOR}

type command struct {
	ID        int            `json:"id"`
	Do        string         `json:"do"`
	URL       string         `json:"url"`
	Realm     string         `json:"realm"`
	Ticket    string         `json:"ticket"`
	AuthID    string         `json:"authid"`
	Method    string         `json:"method"`
	Secret    string         `json:"secret"`
	Topic     string         `json:"topic"`
	Match     string         `json:"match"`
	Procedure string         `json:"procedure"`
	Args      []any          `json:"args"`
	Kwargs    map[string]any `json:"kwargs"`
	Options   map[string]any `json:"options"`
	Progress  bool           `json:"progress"`
}

type peer struct {
	serialization string
	client        *client.Client
	out           chan any // what is said, a line each
}

func main() {
	p := &peer{serialization: os.Args[1], out: make(chan any)}
	go p.write()
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var c command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			log.Fatal(err)
		}
		ok, err := p.obey(context.Background(), &c)
		if err != nil {
			p.out <- map[string]any{"id": c.ID, "error": failure(err)}
			continue
		}
		p.out <- map[string]any{"id": c.ID, "ok": ok}
	}
}

func (p *peer) write() {
	lines := json.NewEncoder(os.Stdout)
	for line := range p.out {
		if err := lines.Encode(line); err != nil {
			log.Fatal(err)
		}
	}
}

func (p *peer) obey(ctx context.Context, c *command) (any, error) {
	if c.Do != "connect" && p.client == nil {
		return nil, errors.New("not connected")
	}
	switch c.Do {
	case "connect":
		return p.connect(ctx, c)
	case "subscribe":
		return nil, p.client.Subscribe(c.Topic, p.event(c.Topic), with(c.Options, "match", c.Match))
	case "unsubscribe":
		return nil, p.client.Unsubscribe(c.Topic)
	case "publish":
		return nil, p.client.Publish(c.Topic, with(c.Options, "acknowledge", true), p.args(c.Args), p.kwargs(c.Kwargs))
	case "register":
		return nil, p.client.Register(c.Procedure, p.echo, c.Options)
	case "unregister":
		return nil, p.client.Unregister(c.Procedure)
	case "call":
		return p.call(ctx, c)
	case "close":
		return nil, p.client.Close()
	}
	return nil, fmt.Errorf("what is %q?", c.Do)
}

func (p *peer) connect(ctx context.Context, c *command) (any, error) {
	answers := map[string]client.AuthFunc{
		"ticket": func(*wamp.Challenge) (string, wamp.Dict) { return c.Ticket, wamp.Dict{} },
		"wampcra": func(asked *wamp.Challenge) (string, wamp.Dict) {
			return crsign.RespondChallenge(c.Secret, asked, nil), wamp.Dict{}
		},
	}
	joined, err := client.ConnectNet(ctx, c.URL, client.Config{
		Realm:           c.Realm,
		HelloDetails:    wamp.Dict{"authid": c.AuthID},
		AuthHandlers:    map[string]client.AuthFunc{c.Method: answers[c.Method]},
		Serialization:   serializations[p.serialization],
		ResponseTimeout: patience,
		Logger:          log.New(io.Discard, "", 0),
	})
	if err != nil {
		return nil, err
	}
	p.client = joined
	details := joined.RealmDetails()
	return map[string]any{"authid": details["authid"], "authrole": details["authrole"]}, nil
}

// with gives options with one more.
func with(options map[string]any, key string, value any) wamp.Dict {
	all := wamp.Dict{key: value}
	for k, v := range options {
		all[k] = v
	}
	return all
}

// call gives the result, or the parts that came before it if progress is wanted.
func (p *peer) call(ctx context.Context, c *command) (any, error) {
	var parts wamp.List
	var progress client.ProgressHandler
	if c.Progress {
		progress = func(part *wamp.Result) { parts = append(parts, part.Arguments...) }
	}
	options, _ := p.fromNeutral(c.Options).(map[string]any) // none are none
	result, err := p.client.Call(ctx, c.Procedure, options, p.args(c.Args), p.kwargs(c.Kwargs), progress)
	if err != nil {
		return nil, err
	}
	if c.Progress {
		return payload(parts, nil), nil
	}
	return payload(result.Arguments, result.ArgumentsKw), nil
}

func (p *peer) event(topic string) client.EventHandler {
	return func(e *wamp.Event) {
		line := payload(e.Arguments, e.ArgumentsKw)
		line["event"] = topic
		p.out <- line
	}
}

// echo gives back what it got, in parts if that is wanted, or fails in the way that it is told to.
func (p *peer) echo(ctx context.Context, i *wamp.Invocation) client.InvokeResult {
	if wanted, _ := i.Details["receive_progress"].(bool); wanted {
		for _, part := range i.Arguments {
			if err := p.client.SendProgress(ctx, wamp.List{part}, nil); err != nil {
				return client.InvokeResult{Err: "nexus.error.progress", Args: wamp.List{err.Error()}}
			}
		}
	}
	if uri, ok := i.ArgumentsKw["fail"].(string); ok {
		return client.InvokeResult{Err: wamp.URI(uri), Args: i.Arguments}
	}
	if len(i.Arguments) == 0 { // then the client sends null
		return client.InvokeResult{Kwargs: i.ArgumentsKw}
	}
	return client.InvokeResult{Args: i.Arguments, Kwargs: i.ArgumentsKw}
}

var uris = regexp.MustCompile(`wamp(\.[a-z_]+)+`)

// failure reads an error. Only those of calls come as what they were, the others as text.
func failure(err error) map[string]any {
	var rpc client.RPCError
	if errors.As(err, &rpc) {
		return map[string]any{"uri": rpc.Err.Error, "message": err.Error(), "args": toNeutral([]any(rpc.Err.Arguments))}
	}
	return map[string]any{"uri": uris.FindString(err.Error()), "message": err.Error(), "args": []any{}}
}
