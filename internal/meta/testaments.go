package meta

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// MaxTestaments bounds how many publications a session may deposit.
	MaxTestaments = 100
	// MaxTestamentBytes bounds their memory.
	MaxTestamentBytes = 256 << 10
)

// testamentProcedures deposit and flush testaments (WAMP, "Testaments").
var testamentProcedures = map[wamp.URI]procedure{
	"wamp.session.add_testament": {
		params: []string{"topic", "args", "kwargs"}, raw: []string{"args", "kwargs", "publish_options"}, run: addTestament,
	},
	"wamp.session.flush_testaments": {run: flushTestaments},
}

// testaments holds the testaments of all sessions.
type testaments struct {
	mu        sync.Mutex // guards what follows; Client.mu of the router is locked under it
	bySession map[*router.Session]*deposit
}

// deposit holds the testaments of one session, in the order of adding. A session is never detached and resumed, so it
// is detached and destroyed at once when it ends.
type deposit struct {
	detached, destroyed []router.Publication
	bytes               int
}

// testamentScope is one of the two lists of a deposit.
type testamentScope string

const (
	scopeDestroyed testamentScope = "destroyed"
	scopeDetached  testamentScope = "detached"
)

// Left publishes the testaments of a session that is not silent, in its name.
func (c *component) Left(s *router.Session) {
	left := c.testaments.take(s)
	if s.Silent() {
		return
	}
	for _, p := range left {
		if _, err := c.realm.Publish(p); err != nil {
			c.log.Error("a testament was not published", "topic", string(p.Topic), "session", uint64(s.ID()), "error", err)
		}
	}
}

// addTestament deposits a publication. Topic, options and permission are checked now, as for a PUBLISH.
func addTestament(c *call) (wamp.Payload, error) {
	scope, err := c.scope()
	if err != nil {
		return wamp.Payload{}, err
	}
	m, err := c.testament()
	if err != nil {
		return wamp.Payload{}, err
	}
	publication, err := c.caller.Publication(c.ctx, m)
	var failure *wamp.Failure
	if errors.As(err, &failure) && failure.URI == wamp.ErrProtocolViolation { // a PUBLISH would end the session
		return wamp.Payload{}, invalidArgument("publish_options: %s", failure.Message)
	}
	if err != nil {
		return wamp.Payload{}, err
	}
	return wamp.Payload{}, c.testaments.add(c.caller, scope, publication)
}

func flushTestaments(c *call) (wamp.Payload, error) {
	scope, err := c.scope()
	if err != nil {
		return wamp.Payload{}, err
	}
	c.testaments.flush(c.caller, scope)
	return wamp.Payload{}, nil
}

func (c *call) scope() (testamentScope, error) {
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

// testament returns the PUBLISH that the arguments describe. Its options are checked like those of a client's
// PUBLISH: an option that was ignored could let more sessions receive the event.
func (c *call) testament() (*wamp.Publish, error) {
	topic, err := c.text("topic", "")
	if err != nil {
		return nil, err
	}
	options, args, kwargs := c.raw("publish_options"), c.raw("args"), c.raw("kwargs")
	switch {
	case c.given["publish_options"] != nil && !options.IsDict():
		return nil, invalidArgument("publish_options must be a dict")
	case c.given["kwargs"] != nil && !kwargs.IsDict():
		return nil, invalidArgument("kwargs must be a dict")
	case c.given["args"] != nil && !args.IsList():
		return nil, invalidArgument("args must be a list")
	}
	m, err := wamp.NewPublish(wamp.URI(topic), options, args, kwargs)
	if err != nil {
		return nil, invalidArgument("publish_options: %s", messageOf(err))
	}
	return m, nil
}

// add deposits p, unless the session has left.
func (t *testaments) add(s *router.Session, scope testamentScope, p router.Publication) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.Reason() != outbox.CloseNone { // otherwise Left comes later, and takes the deposit
		return nil
	}
	d := t.bySession[s]
	if d == nil {
		d = &deposit{}
	}
	size := p.Size()
	if len(d.detached)+len(d.destroyed) >= MaxTestaments || d.bytes+size > MaxTestamentBytes {
		return wamp.Fail(wamp.ErrLimitExceeded, "a session has at most %d testaments of %d bytes together", MaxTestaments, MaxTestamentBytes)
	}
	d.bytes += size
	list := d.list(scope)
	*list = append(*list, p)
	if t.bySession == nil {
		t.bySession = make(map[*router.Session]*deposit)
	}
	t.bySession[s] = d
	return nil
}

func (t *testaments) flush(s *router.Session, scope testamentScope) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.bySession[s]
	if d == nil {
		return
	}
	list := d.list(scope)
	for _, p := range *list {
		d.bytes -= p.Size()
	}
	*list = nil
	if d.detached == nil && d.destroyed == nil {
		delete(t.bySession, s)
	}
}

// take removes what the session has deposited, and returns it in the order in which it is to be published.
func (t *testaments) take(s *router.Session) []router.Publication {
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.bySession[s]
	if d == nil {
		return nil
	}
	delete(t.bySession, s)
	return slices.Concat(d.detached, d.destroyed)
}

func (d *deposit) list(scope testamentScope) *[]router.Publication {
	if scope == scopeDetached {
		return &d.detached
	}
	return &d.destroyed
}

func messageOf(err error) string {
	var failure *wamp.Failure
	if errors.As(err, &failure) {
		return failure.Message
	}
	return fmt.Sprint(err)
}
