package client

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Client is a connection to one realm that is made again when it is lost. Its methods may be used
// by many goroutines, and from handlers.
//
// One lock guards all its state; nothing under it blocks, and the only lock taken inside it is the
// one of a link's outgoing queue.
type Client struct {
	// static after construction
	config Config
	life   context.Context // ends with the client; handlers' contexts are its children
	end    context.CancelFunc
	events chan pendingEvent
	down   chan struct{} // closed when there is no connection and will be none
	done   chan struct{} // closed when no handler runs either

	handlers sync.WaitGroup // running invocations

	loginOnce bool // Login.Once of the last try; owned by Connect, then by run

	mu            sync.Mutex // guards what follows
	link          *link      // nil while there is no session
	changed       chan struct{}
	leaving       bool // Close was called
	ended         bool
	err           error
	subscriptions []*Subscription // wanted, in the order of asking
	registrations []*Registration
}

// Connect joins the realm and returns when the session is established. A first try that fails is
// the caller's to repeat.
func Connect(ctx context.Context, config Config) (*Client, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	c := &Client{
		config:  config,
		events:  make(chan pendingEvent, config.Limits.Events),
		down:    make(chan struct{}),
		done:    make(chan struct{}),
		changed: make(chan struct{}),
	}
	c.life, c.end = context.WithCancel(context.WithoutCancel(ctx)) // values of ctx reach handlers, its end does not end the client
	config.OnState(StateChange{State: Connecting, Try: 1})
	l, err := c.join(ctx)
	if err != nil {
		c.end()
		config.OnState(StateChange{State: Closed, Err: err})
		return nil, fmt.Errorf("connect: %w", err)
	}
	c.attach(l)
	go c.run(l)
	return c, nil
}

// Session is what the router said when it let the client in.
type Session struct {
	ID         uint64
	Realm      string
	AuthID     string
	AuthRole   string
	AuthMethod string
	// Details is the whole of WELCOME.Details.
	Details map[string]any
}

func newSession(realm string, welcome *wamp.Welcome) Session {
	s := Session{ID: uint64(welcome.Session), Realm: realm, Details: wamp.PlainMap(welcome.Details)}
	s.AuthID, _ = welcome.Details.String("authid") // absent for a session without a name
	s.AuthRole, _ = welcome.Details.String("authrole")
	s.AuthMethod, _ = welcome.Details.String("authmethod")
	if assigned, ok := welcome.Details.String("realm"); ok {
		s.Realm = assigned
	}
	return s
}

// Session is the current session, and a zero one while there is none.
func (c *Client) Session() Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link == nil {
		return Session{}
	}
	return c.link.session
}

// Close says GOODBYE and closes the connection, after what was already asked to be published has
// been written. No handler is called from then on; those that run may still do so when Close
// returns, see [Client.Done].
func (c *Client) Close() error {
	c.mu.Lock()
	l := c.link
	var err error
	if !c.leaving && !c.ended && l != nil {
		err = l.putLocked(&wamp.Goodbye{Details: wamp.Dict{}, Reason: wamp.CloseRealm})
	}
	c.leaving = true
	c.mu.Unlock()
	if l != nil && err == nil {
		timer := time.NewTimer(c.config.Limits.Leave)
		defer timer.Stop()
		select {
		case <-l.gone:
		case <-timer.C: // the router owes an answer, the user does not owe more patience
		}
	}
	c.end()
	<-c.down
	if err != nil {
		return fmt.Errorf("say goodbye: %w", err)
	}
	return nil
}

// Done is closed when the client has ended and none of its handlers runs any more.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err tells why the client has ended: nil after Close, and while it has not.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// request sends a message and waits for its answer.
func (c *Client) request(ctx context.Context, kind wamp.Code, message func(wamp.ID) wamp.Message) (wamp.Message, error) {
	return c.exchange(ctx, kind, outbound{message: message})
}

// exchange is request with everything that a request can have but settle.
func (c *Client) exchange(ctx context.Context, kind wamp.Code, o outbound) (wamp.Message, error) {
	type reply struct {
		message wamp.Message
		err     error
	}
	replies := make(chan reply, 1)
	o.settle = func(m wamp.Message, err error) { replies <- reply{m, err} }
	l, id, err := c.send(ctx, kind, o)
	if err != nil {
		return nil, err
	}
	select {
	case r := <-replies:
		return r.message, r.err
	case <-ctx.Done():
		c.abandon(l, id)
		return nil, ctx.Err()
	}
}

// outbound is a request before it has its id. settle is called once, with the client's lock held,
// with the answer or the reason why there will be none; nil: no answer is asked for.
type outbound struct {
	message  func(wamp.ID) wamp.Message
	settle   func(wamp.Message, error)
	progress func(Payload) // of a call: called without the lock, for parts of the answer
}

// send waits for a connection with room and queues the request there.
func (c *Client) send(ctx context.Context, kind wamp.Code, o outbound) (*link, wamp.ID, error) {
	for {
		l, err := c.connected(ctx)
		if err != nil {
			return nil, 0, err
		}
		if err := l.out.wait(ctx, l.gone); err != nil {
			return nil, 0, fmt.Errorf("wait for room: %w", err)
		}
		c.mu.Lock()
		if c.link != l { // lost before anything was sent, so trying again repeats nothing
			c.mu.Unlock()
			continue
		}
		id, err := l.requestLocked(kind, o)
		c.mu.Unlock()
		return l, id, err
	}
}

// abandon forgets a request whose asker has gone, and cancels it if it is a call.
func (c *Client) abandon(l *link, id wamp.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, waiting := l.pending[id]
	if !waiting {
		return
	}
	delete(l.pending, id)
	if r.kind == wamp.CodeCall && l.canCancel && c.link == l {
		cancel := &wamp.Cancel{Request: id, Options: wamp.Dict{"mode": "killnowait"}}
		if err := l.putLocked(cancel); err != nil {
			c.config.Logger.Warn("cancel call", "error", err)
		}
	}
}

// connected waits for a session.
func (c *Client) connected(ctx context.Context) (*link, error) {
	for {
		c.mu.Lock()
		l, changed, err := c.link, c.changed, c.closedLocked()
		c.mu.Unlock()
		switch {
		case err != nil:
			return nil, err
		case l != nil:
			return l, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for a connection: %w", ctx.Err())
		}
	}
}

// closedLocked is the error for requests that come too late.
func (c *Client) closedLocked() error {
	switch {
	case c.ended && c.err != nil:
		return fmt.Errorf("%w: %w", ErrClosed, c.err)
	case c.ended || c.leaving:
		return ErrClosed
	}
	return nil
}

// changedLocked wakes everybody who waits for another state of the connection.
func (c *Client) changedLocked() {
	close(c.changed)
	c.changed = make(chan struct{})
}
