package router_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// scriptAuthenticator trusts the authid and the authrole (several with +) of HELLO. A client that lists a method gets
// a challenge, and its answer must be "good".
type scriptAuthenticator struct{}

func (scriptAuthenticator) Authenticate(_ context.Context, h peer.AuthRequest) (peer.AuthResult, error) {
	id, _ := h.Details.String("authid")
	role, given := h.Details.String("authrole")
	if !given {
		role = "user"
	}
	methods, _ := h.Details.Strings("authmethods")
	_, transport := h.Details["transport"]
	switch {
	case transport:
		return peer.AuthResult{}, errors.New("the router did not strip transport")
	case id == "broken":
		return peer.AuthResult{}, errors.New("the user store is down")
	case id == "panic":
		panic("authenticator")
	}
	identity := &peer.Identity{ID: id, Roles: strings.Split(role, "+"), Method: "trust", Provider: "test", Backend: role == "backend"}
	if h.Peer.Origin == "challenge" {
		methods = []string{"ticket"}
	}
	if len(methods) == 0 {
		return peer.AuthResult{Identity: identity}, nil
	}
	return peer.AuthResult{
		Challenge: &wamp.Challenge{Method: methods[0], Extra: wamp.Dict{}},
		Next: func(_ context.Context, m *wamp.Authenticate) (peer.AuthResult, error) {
			if m.Signature != "good" {
				return peer.AuthResult{}, wamp.Fail(wamp.ErrAuthenticationDenied, "the ticket does not hold")
			}
			identity.Method = methods[0]
			return peer.AuthResult{Identity: identity}, nil
		},
	}, nil
}

// scriptAuthorizer refuses payloads with the word "forbidden". The URI's last component decides on the others: "secret"
// is refused, "broken" fails, "replace" replaces the payload.
type scriptAuthorizer struct{}

func (scriptAuthorizer) Authorize(_ context.Context, r router.Request) (peer.Decision, error) {
	switch {
	case strings.HasSuffix(string(r.URI), "secret"):
		return peer.Decision{}, wamp.Fail(wamp.ErrNotAuthorized, "%s of %s is not yours to %s", r.Match, r.URI, r.Action)
	case strings.Contains(string(r.Payload.Args), "forbidden"):
		return peer.Decision{}, wamp.Fail(wamp.ErrNotAuthorized, "that is not for you to say")
	case strings.HasSuffix(string(r.URI), "broken"):
		return peer.Decision{}, errors.New("the rules are gone")
	case strings.HasSuffix(string(r.URI), "replace"):
		payload, err := wamp.NewPayload([]any{"replaced"}, nil)
		return peer.Decision{Payload: &payload}, err
	}
	return peer.Decision{}, nil
}

// observer records the calls of an observer.
type observer struct{ s *script }

func (o observer) Joined(s *router.Session) { o.hear("joined", s, "") }
func (o observer) Left(s *router.Session)   { o.hear("left", s, " "+s.Reason().String()) }
func (o observer) Subscribed(s *router.Session, sub wamp.Subscription) {
	o.hear("subscribed", s, fmt.Sprintf(" %d %s %s", sub.ID, sub.Match, sub.Topic))
}

func (o observer) Unsubscribed(s *router.Session, sub wamp.Subscription) {
	o.hear("unsubscribed", s, fmt.Sprintf(" %d %s %s", sub.ID, sub.Match, sub.Topic))
}

func (o observer) hear(what string, s *router.Session, more string) {
	o.s.hear(fmt.Sprintf("* %s %s%s", what, o.name(s), more))
}

func (o observer) name(s *router.Session) string {
	for name, p := range o.s.clients {
		if p.client.Session() == s {
			return name
		}
	}
	return "nobody"
}

// server runs a command of a component of the server.
func (s *script) server(words []string) {
	switch words[0] {
	case "publish":
		payload := s.payload(words[2])
		settings := pairs(words[3:])
		receipt, err := s.realm.Publish(router.Publication{
			Topic: wamp.URI(words[1]), Payload: payload, Filter: s.filter(settings),
			Retain: settings["retain"] != "",
		})
		if err != nil {
			s.t.Errorf("publish: %v", err)
		}
		s.publication(receipt.Publication)
		s.hear(fmt.Sprintf("= %s to %d", s.numbers[receipt.Publication], receipt.Deliveries))
	case "subscribe":
		match, err := wamp.ParseMatch(strings.Join(words[2:], ""))
		if err != nil {
			s.t.Fatal(err)
		}
		s.made(s.realm.Subscribe(wamp.URI(words[1]), match, s.deliver))
	case "register":
		procedure := words[1]
		match, err := wamp.ParseMatch(strings.Join(words[2:], ""))
		if err != nil {
			s.t.Fatal(err)
		}
		s.made(s.realm.Register(router.LocalProcedure{
			Procedure: wamp.URI(procedure), Match: match, Handler: s.handle, Concurrent: strings.HasSuffix(procedure, "slow"),
		}))
	case "revoke":
		id, err := strconv.ParseUint(words[2], 10, 53)
		if err != nil {
			s.t.Fatal(err)
		}
		revoked := s.realm.Revoke(s.session(words[1]), wamp.ID(id), wamp.URI(strings.Join(words[3:], "")))
		s.hear(fmt.Sprintf("= revoked %t", revoked))
	case "call":
		payload := s.payload(words[2])
		go func() {
			result, err := s.realm.Call(s.ctx, router.CallRequest{Procedure: wamp.URI(words[1]), Payload: payload})
			if err != nil {
				s.said(err)
				return
			}
			s.hear("= " + s.value(result))
		}()
	default:
		s.t.Fatalf("server: what is %q?", words[0])
	}
}

func (s *script) made(cancel func(), err error) {
	if err != nil {
		s.said(err)
		return
	}
	s.cancels = append(s.cancels, cancel)
}

func (s *script) said(err error) {
	if err != nil {
		s.hear("= error " + err.Error())
	}
}

func (s *script) deliver(d router.LocalEvent) {
	s.publication(d.Publication)
	s.hear(fmt.Sprintf("= event %s %s %s", s.numbers[d.Publication], d.Topic, s.value(d.Payload)))
}

// handle returns the arguments, or fails, panics or blocks if the procedure's name says so.
func (s *script) handle(ctx context.Context, i router.LocalInvocation) (wamp.Payload, error) {
	switch name := string(i.Procedure); {
	case strings.HasSuffix(name, "fail"):
		return wamp.Payload{}, wamp.Fail("app.error.no", "it does not work")
	case strings.HasSuffix(name, "broken"):
		return wamp.Payload{}, errors.New("the disk is full")
	case strings.HasSuffix(name, "panic"), strings.HasSuffix(name, "panic.slow"):
		panic(name)
	case strings.HasSuffix(name, "slow"):
		<-ctx.Done()
		s.hear("= " + name + " stopped")
		return wamp.Payload{}, ctx.Err()
	}
	return i.Payload, nil
}

func (s *script) payload(args string) wamp.Payload {
	payload, err := wamp.PayloadFromJSON([]byte(args), nil)
	if err != nil {
		s.t.Fatalf("payload %s: %v", args, err)
	}
	return payload
}

func (s *script) value(p wamp.Payload) string {
	value, err := p.Value()
	if err != nil {
		s.t.Errorf("payload: %v", err)
	}
	return string(value)
}

func (s *script) filter(settings map[string]string) publication.Filter {
	var f publication.Filter
	if names, ok := settings["eligible"]; ok {
		f.Eligible = []wamp.ID{}
		for name := range strings.SplitSeq(names, ",") {
			if p := s.clients[name]; p != nil {
				f.Eligible = append(f.Eligible, p.client.Session().ID())
			}
		}
	}
	if ids, ok := settings["exclude_authid"]; ok {
		f.ExcludeAuthID = strings.Split(ids, ",")
	}
	return f
}

func (s *script) stats() {
	stats := s.router.Stats()
	for _, c := range []struct {
		name  string
		value int
	}{
		{"clients", stats.Clients},
		{"sessions", stats.Sessions},
		{"subscriptions", stats.Subscriptions},
		{"registrations", stats.Registrations},
		{"publications", int(stats.Publications)},
		{"events", int(stats.Events)},
		{"encodings", int(stats.Encodings)},
		{"calls", int(stats.Calls)},
		{"refusals", int(stats.Refusals)},
		{"unanswered", int(stats.Unanswered)},
		{"bad payloads", int(stats.BadPayloads)},
		{"kept topics", stats.KeptTopics},
		{"kept dropped", int(stats.KeptDropped)},
		{"rate waits", int(stats.RateWaits)},
		{"outbox frames", stats.OutboxFrames},
	} {
		if c.value != 0 {
			s.hear(fmt.Sprintf("= %s %d", c.name, c.value))
		}
	}
	for _, reason := range outbox.CloseReasons() {
		if n := stats.Closes[reason]; n != 0 {
			s.hear(fmt.Sprintf("= closed %s %d", reason, n))
		}
	}
}

var _ router.Observer = observer{}
