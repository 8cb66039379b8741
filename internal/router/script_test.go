package router_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/internal/journal"
	"github.com/tidings-io/tidings/internal/meta"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// script runs the commands of a conversation:
//
//	router KEY=VALUE ...          the router's options, before anything else
//	attach NAME [ENCODING] [origin=challenge]   a connection: json (the default), msgpack, cbor, v1
//	join NAME [ENCODING] [KEY=VALUE ...]   attach, HELLO with those details, and WELCOME, which is not shown
//	                              can=callee.call_canceling,caller.call_timeout announces features
//	NAME -> MESSAGE               a message as JSON, sent in the client's encoding; $ben is ben's session id
//	                              and #1 the id of that publication, and $epoch the epoch of the journal
//	NAME -> raw TEXT              bytes without a check
//	NAME -> hex DIGITS            the same in hexadecimal, with spaces
//	NAME flood COUNT MESSAGE      sends the message COUNT times, and shows how long the reader took
//	after DURATION                time passes
//	lose NAME                     the transport breaks
//	stall NAME, drain NAME        the client does not read, reads again
//	kill NAME REASON MESSAGE      a component ends the session
//	shutdown                      the router stops
//	wait DURATION                 time passes
//	observe                       shows the calls of an observer
//	server publish TOPIC ARGS [KEY=VALUE ...]
//	server subscribe TOPIC [MATCH]
//	server register PROCEDURE [MATCH]   returns its arguments, or does what its name ends in: fail, panic, slow
//	server revoke NAME REGISTRATION [REASON]
//	server call PROCEDURE ARGS
//	stats                         the counters that are not zero
type script struct {
	t       *testing.T
	ctx     context.Context
	stop    context.CancelFunc
	options router.Options
	kept    journal.Options
	router  *router.Router
	realm   *router.Realm
	clients map[string]*scripted
	hearing sync.Mutex
	heard   []string // events that are not of clients; guarded by hearing
	cancels []func() // subscriptions and registrations of components
	numbers map[wamp.ID]string
	epoch   string // of the journal, shown as $epoch
}

func newScript(t *testing.T) *script {
	ctx, stop := context.WithCancel(t.Context())
	return &script{
		t: t, ctx: ctx, stop: stop,
		options: router.Options{Authenticator: scriptAuthenticator{}, Agent: "router"},
		clients: map[string]*scripted{},
		numbers: map[wamp.ID]string{},
	}
}

func (s *script) close() {
	s.stop()
	if s.router == nil {
		return
	}
	for _, p := range s.clients {
		p.client.Detach(outbox.CloseLost)
	}
	for _, cancel := range s.cancels {
		cancel()
	}
	synctest.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.router.Shutdown(ctx); err != nil {
		s.t.Errorf("shut down: %v", err)
	}
	if stats := s.router.Stats(); stats.Clients+stats.Sessions+stats.Subscriptions+stats.Registrations != 0 {
		s.t.Errorf("something is left: %+v", stats)
	}
}

// do runs one command and returns the events that it caused.
func (s *script) do(line string) []string {
	words := strings.Fields(line)
	if words[0] == "router" {
		s.configure(words[1:])
		return nil
	}
	s.start()
	switch words[0] {
	case "attach":
		s.attach(words[1], words[2:])
	case "join":
		s.join(words[1], words[2:])
	case "after":
		d, err := time.ParseDuration(words[1])
		if err != nil {
			s.t.Fatal(err)
		}
		time.Sleep(d)
	case "lose":
		s.peer(words[1]).client.Detach(outbox.CloseLost)
	case "kill":
		s.session(words[1]).Kill(wamp.URI(words[2]), strings.Join(words[3:], " "))
	case "stall", "drain":
		s.peer(words[1]).stalled = words[0] == "stall"
	case "shutdown":
		go s.router.Shutdown(s.ctx)
	case "wait":
		s.wait(words[1])
	case "observe":
		s.realm.Observe(observer{s})
	case "server":
		s.server(words[1:])
	case "stats":
		s.stats()
	default:
		s.send(line)
	}
	synctest.Wait()
	return s.collect()
}

func (s *script) wait(duration string) {
	d, err := time.ParseDuration(duration)
	if err != nil {
		s.t.Fatal(err)
	}
	time.Sleep(d) // time of the synctest bubble
}

func (s *script) start() {
	if s.router == nil {
		s.options.Journal = func(wamp.URI) publication.Journal {
			j := journal.New(s.kept)
			s.epoch = j.Position().Epoch
			return j
		}
		s.router = router.New(s.options)
		s.realm = s.router.AddRealm("app")
		detach, err := meta.Attach(s.realm, meta.Options{URIs: s.options.URIs})
		s.made(detach, err)
	}
}

func (s *script) configure(settings []string) {
	for key, value := range pairs(settings) {
		number, _ := strconv.Atoi(value)
		limits := &s.options.Limits
		switch key {
		case "disclosure":
			s.options.Disclosure = map[string]peer.Disclosure{"never": peer.DiscloseNever, "always": peer.DiscloseAlways}[value]
		case "uris":
			s.options.URIs = wamp.StrictURIs
		case "conduct":
			s.options.Strictness = peer.Strict
		case "kill":
			limits.Kill = time.Duration(number) * time.Second
		case "trust":
			role, level, _ := strings.Cut(value, ":")
			number, _ = strconv.Atoi(level)
			s.options.TrustLevels = map[string]int{role: number}
		case "authorizer":
			s.options.Authorizer = scriptAuthorizer{}
		case "subscriptions":
			limits.Subscriptions = number
		case "registrations":
			limits.Registrations = number
		case "pending_calls":
			limits.PendingCalls = number
		case "receivers":
			limits.Receivers = number
		case "outbox_frames":
			limits.OutboxFrames = number
		case "outbox_bytes":
			limits.OutboxBytes = number
		case "history": // of topics below kept., table. and hour.; below always. one is kept, below never. none
			s.options.Retention = func(topic wamp.URI) publication.Retention {
				switch first, _, _ := strings.Cut(string(topic), "."); first {
				case "kept":
					return publication.Retention{Keep: publication.Keep{Last: number}, Asked: true}
				case "table":
					return publication.Retention{Keep: publication.Keep{Last: number, PerKey: true}}
				case "hour":
					return publication.Retention{Keep: publication.Keep{Last: number, For: time.Hour}}
				case "always":
					return publication.Retention{Keep: publication.Keep{Last: 1}}
				case "never":
					return publication.Retention{}
				}
				return publication.Retention{Asked: true}
			}
		case "retain": // on request
			s.options.Retention = retainOnRequest
		case "kept_topics":
			s.kept.Topics = number
		case "kept_bytes":
			s.kept.Bytes = number
		case "rate":
			limits.MessageRate = number
		case "burst":
			limits.MessageBurst = number
		default:
			s.t.Fatalf("router: no setting %q", key)
		}
	}
}

var encodings = map[string]wamp.Encoding{
	"json": wamp.V2JSON, "msgpack": wamp.V2MessagePack, "cbor": wamp.V2CBOR, "v1": wamp.V1JSON,
}

func (s *script) attach(name string, words []string) *scripted {
	encoding := wamp.V2JSON
	if len(words) > 0 && encodings[words[0]] != nil {
		encoding = encodings[words[0]]
	}
	p := &scripted{name: name, encoding: encoding}
	p.client = s.router.Attach(router.Attachment{
		Peer:   peer.Peer{Origin: pairs(words)["origin"]},
		Format: outbox.Format{Encoding: encoding},
	})
	s.clients[name] = p
	p.client.Open(s.ctx) // an error is shown as the end
	s.number(p)
	return p
}

func (s *script) join(name string, words []string) {
	p := s.attach(name, words)
	if p.encoding != wamp.V1JSON {
		details := wamp.Dict{"roles": wamp.Dict{
			"publisher": wamp.Dict{}, "subscriber": wamp.Dict{}, "caller": wamp.Dict{}, "callee": wamp.Dict{},
		}}
		for key, value := range pairs(words) {
			if key == "can" {
				announce(details["roles"].(wamp.Dict), value)
				continue
			}
			if key == "_returns" {
				details[key] = value == "true"
				continue
			}
			details[key] = value
		}
		p.client.Receive(s.ctx, p.encode(s.t, &wamp.Hello{Realm: "app", Details: details}))
		s.number(p)
	}
	p.client.Outbox().Take(nil, 1<<20) // WELCOME is tested in its own conversation
	if p.client.Session() == nil {
		s.t.Fatalf("%s did not join", name)
	}
}

// announce adds features, in the form role.feature, to the roles of a HELLO.
func announce(roles wamp.Dict, names string) {
	for name := range strings.SplitSeq(names, ",") {
		role, feature, _ := strings.Cut(name, ".")
		features, ok := roles[role].(wamp.Dict)["features"].(wamp.Dict)
		if !ok {
			features = wamp.Dict{}
			roles[role] = wamp.Dict{"features": features}
		}
		features[feature] = true
	}
}

// number names the id of a client's session after the client.
func (s *script) number(p *scripted) {
	if session := p.client.Session(); session != nil {
		s.numbers[session.ID()] = "$" + p.name
	}
}

func (s *script) peer(name string) *scripted {
	p := s.clients[name]
	if p == nil {
		s.t.Fatalf("who is %q?", name)
	}
	return p
}

func (s *script) session(name string) *router.Session { return s.peer(name).client.Session() }

// send runs 'NAME -> MESSAGE' and 'NAME flood COUNT MESSAGE'.
func (s *script) send(line string) {
	name, rest, _ := strings.Cut(line, " ")
	verb, text, _ := strings.Cut(rest, " ")
	p, count := s.peer(name), 1
	if verb == "flood" {
		number, message, _ := strings.Cut(text, " ")
		count, _ = strconv.Atoi(number)
		text = message
	} else if verb != "->" {
		s.t.Fatalf("what is %q?", line)
	}
	began := time.Now()
	frame := s.frame(p, text)
	for range count {
		p.client.Receive(s.ctx, frame) // an error is shown as the end
	}
	s.number(p)
	if verb == "flood" {
		s.hear(fmt.Sprintf("took %v", time.Since(began)))
	}
}

func (s *script) frame(p *scripted, text string) []byte {
	if raw, ok := strings.CutPrefix(text, "raw "); ok {
		return []byte(raw)
	}
	if digits, ok := strings.CutPrefix(text, "hex "); ok {
		raw, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
		if err != nil {
			s.t.Fatalf("%s -> %s: %v", p.name, text, err)
		}
		return raw
	}
	text = strings.ReplaceAll(text, "$epoch", s.epoch)
	for _, id := range slices.Sorted(maps.Keys(s.numbers)) {
		switch name := s.numbers[id]; name[0] {
		case '$':
			text = strings.ReplaceAll(text, name, strconv.FormatUint(uint64(id), 10))
		case '#': // the id of a publication, as the last value of a list or dict
			for _, end := range []string{",", "}"} {
				text = strings.ReplaceAll(text, name+end, strconv.FormatUint(uint64(id), 10)+end)
			}
		}
	}
	if p.encoding == wamp.V1JSON || p.encoding == wamp.V2JSON {
		return []byte(text)
	}
	message, err := wamp.V2JSON.Decode([]byte(text))
	if err != nil {
		s.t.Fatalf("%s -> %s: %v", p.name, text, err)
	}
	return p.encode(s.t, message)
}

func (s *script) hear(what string) {
	s.hearing.Lock()
	defer s.hearing.Unlock()
	s.heard = append(s.heard, what)
}

func (s *script) takeHeard() []string {
	s.hearing.Lock()
	defer s.hearing.Unlock()
	all := s.heard
	s.heard = nil
	return all
}

// collect returns the events of components and then those of clients, in the order of the clients' names.
func (s *script) collect() []string {
	all := s.takeHeard()
	for _, name := range slices.Sorted(maps.Keys(s.clients)) {
		p := s.clients[name]
		if p.stalled {
			continue
		}
		taken := p.client.Outbox().Take(nil, 1<<30)
		frames, ending := taken.Pieces, taken.Closed
		for _, frame := range frames {
			all = append(all, name+" <- "+s.readable(p, frame))
		}
		if ending != nil && !p.ended {
			p.ended = true
			all = append(all, strings.TrimSuffix(fmt.Sprintf("%s ended %s: %s", name, ending.Reason, ending.Text), ": "))
			p.client.Detach(outbox.CloseLost)
		}
	}
	return all
}

// readable returns a frame as JSON, with names in place of session ids and numbers in place of publication ids.
func (s *script) readable(p *scripted, frame []byte) string {
	text := string(frame)
	if p.encoding != wamp.V1JSON {
		message, err := p.encoding.Decode(frame)
		if err != nil {
			s.t.Errorf("%s cannot read what it got: %v", p.name, err)
		}
		switch m := message.(type) {
		case *wamp.Published:
			s.publication(m.Publication)
		case *wamp.Event:
			s.publication(m.Publication)
		}
		shown, err := wamp.V2JSON.Append(nil, message)
		text = string(shown)
		if event, ok := message.(*wamp.Event); ok && err != nil { // a tag of CBOR
			text = fmt.Sprintf("EVENT with the args %x", event.Payload.Args)
		}
	}
	for id, name := range s.numbers {
		text = strings.ReplaceAll(text, strconv.FormatUint(uint64(id), 10), name)
	}
	if s.epoch != "" {
		text = strings.ReplaceAll(text, s.epoch, "$epoch")
	}
	return text
}

func (s *script) publication(id wamp.ID) {
	if s.numbers[id] == "" {
		n := 1
		for _, name := range s.numbers {
			if strings.HasPrefix(name, "#") {
				n++
			}
		}
		s.numbers[id] = "#" + strconv.Itoa(n)
	}
}

// scripted is one client of a script.
type scripted struct {
	name     string
	encoding wamp.Encoding
	client   *router.Client
	stalled  bool
	ended    bool
}

func (p *scripted) encode(t *testing.T, m wamp.Message) []byte {
	frame, err := p.encoding.Append(nil, m)
	if err != nil {
		t.Fatalf("%s: encode %s: %v", p.name, m.Code(), err)
	}
	return frame
}

// pairs parses KEY=VALUE words and ignores all others.
func pairs(words []string) map[string]string {
	found := map[string]string{}
	for _, word := range words {
		if key, value, ok := strings.Cut(word, "="); ok {
			found[key] = value
		}
	}
	return found
}
