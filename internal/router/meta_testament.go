package router

import (
	"errors"
	"fmt"

	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// MaxTestaments bounds what one session leaves behind for others to deliver.
	MaxTestaments = 100
	// MaxTestamentBytes bounds the memory for it.
	MaxTestamentBytes = 256 << 10
)

// testaments are what a session wants published when it ends (WAMP, "Testaments"). Sessions are never
// detached and resumed here, so one end is both.
type testaments struct {
	detached, destroyed []Publication // in the order of adding
	bytes               int
}

var testamentProcedures = map[wamp.URI]metaProcedure{
	"wamp.session.add_testament":    {params: []string{"topic", "args", "kwargs"}, run: addTestament},
	"wamp.session.flush_testaments": {run: flushTestaments},
}

// addTestament lets a session say what may be published in its name, as if it were now: topic, options
// and permission are those of the moment of adding.
func addTestament(c *metaCall) (wamp.Payload, error) {
	scope, err := c.scope()
	if err != nil {
		return wamp.Payload{}, err
	}
	m, err := c.testament()
	if err != nil {
		return wamp.Payload{}, err
	}
	if err := c.caller.checkPassthru(m.Options, publisherPassthru); err != nil {
		return wamp.Payload{}, invalidArgument("publish_options: %s", messageOf(err))
	}
	publication, err := c.caller.publication(c.ctx, m)
	if err != nil {
		return wamp.Payload{}, err
	}
	return wamp.Payload{}, c.caller.addTestament(scope, publication)
}

// testament reads the PUBLISH that is meant. It takes the way over a frame, so that options are held to
// the same rules: one that was passed over would widen who receives it.
func (c *metaCall) testament() (*wamp.Publish, error) {
	topic, err := c.text("topic", "")
	if err != nil {
		return nil, err
	}
	options, err := c.dict("publish_options")
	if err != nil {
		return nil, err
	}
	kwargs, err := c.dict("kwargs")
	if err != nil {
		return nil, err
	}
	args, given := c.given.List("args")
	if _, any := c.given["args"]; any && !given {
		return nil, invalidArgument("args must be a list")
	}
	payload, err := wamp.NewPayload(args, kwargs)
	if err != nil {
		return nil, invalidArgument("the payload cannot be kept: %s", err)
	}
	if options == nil {
		options = wamp.Dict{}
	}
	frame, err := wamp.V2JSON.Append(nil, &wamp.Publish{Request: 1, Options: options, Topic: wamp.URI(topic), Payload: payload})
	if err != nil {
		return nil, invalidArgument("publish_options: %s", err)
	}
	decoded, err := wamp.V2JSON.Decode(frame)
	m, ok := decoded.(*wamp.Publish)
	if !ok {
		return nil, invalidArgument("publish_options: %s", messageOf(err))
	}
	return m, nil
}

func messageOf(err error) string {
	var failure *wamp.Failure
	if errors.As(err, &failure) {
		return failure.Message
	}
	return fmt.Sprint(err)
}

func flushTestaments(c *metaCall) (wamp.Payload, error) {
	scope, err := c.scope()
	if err != nil {
		return wamp.Payload{}, err
	}
	c.caller.flushTestaments(scope)
	return wamp.Payload{}, nil
}

// testamentScope is one of the two buckets.
type testamentScope string

const (
	scopeDestroyed testamentScope = "destroyed"
	scopeDetached  testamentScope = "detached"
)

func (c *metaCall) scope() (testamentScope, error) {
	if c.caller == nil {
		return "", wamp.Fail(wamp.ErrNotAuthorized, "only a session has testaments")
	}
	scope, err := c.text("scope", string(scopeDestroyed))
	if err != nil {
		return "", err
	}
	if s := testamentScope(scope); s == scopeDestroyed || s == scopeDetached {
		return s, nil
	}
	return "", invalidArgument("scope must be destroyed or detached")
}

func (t *testaments) bucket(scope testamentScope) *[]Publication {
	if scope == scopeDetached {
		return &t.detached
	}
	return &t.destroyed
}

func (s *Session) addTestament(scope testamentScope, p Publication) error {
	size := p.size()
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	if s.left {
		return nil
	}
	if s.testaments == nil {
		s.testaments = &testaments{}
	}
	t := s.testaments
	if len(t.detached)+len(t.destroyed) >= MaxTestaments || t.bytes+size > MaxTestamentBytes {
		return wamp.Fail(wamp.ErrLimitExceeded, "a session has at most %d testaments of %d bytes together", MaxTestaments, MaxTestamentBytes)
	}
	t.bytes += size
	bucket := t.bucket(scope)
	*bucket = append(*bucket, p)
	return nil
}

func (s *Session) flushTestaments(scope testamentScope) {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	if s.testaments == nil {
		return
	}
	bucket := s.testaments.bucket(scope)
	for _, p := range *bucket {
		s.testaments.bytes -= p.size()
	}
	*bucket = nil
}

// publishTestaments publishes what the session has left behind. It has left already, and nobody holds a lock.
func (s *Session) publishTestaments(t *testaments) {
	if t == nil || s.silent.Load() {
		return
	}
	for _, p := range t.detached {
		s.realm.Publish(p)
	}
	for _, p := range t.destroyed {
		s.realm.Publish(p)
	}
}
