package client

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Client is a connection to one realm that is restored when it is lost. Its methods are safe for concurrent use, also
// from handlers.
//
// mu guards all its state. No goroutine blocks while it holds mu, and the only locks taken under it are those of the
// inbox and of a link's outgoing queue.
type Client struct {
	// static after construction
	config Config
	life   context.Context // ends with the client; handlers' contexts are its children
	end    context.CancelFunc
	inbox  *inbox
	down   chan struct{} // closed when there is no connection and no further try
	done   chan struct{} // closed when down is closed and no handler runs

	handlers sync.WaitGroup // running invocations, and renewals

	loginOnce bool // Login.Once of the last try; owned by Connect, then by run

	mu            sync.Mutex // guards what follows
	link          *link      // nil while there is no session
	changed       chan struct{}
	leaving       bool // Close was called
	ended         bool
	err           error
	topics        map[topicKey]*sharedSubscription
	shared        []*sharedSubscription // those of topics, in the order of the first requests
	registrations []*Registration

	connection Status // of the connection alone
	told       Status // the one that OnStatus was told last
	telling    bool   // a change is queued for OnStatus
}

// Connect joins the realm and returns when the session is established. It does not repeat a first try that fails.
func Connect(ctx context.Context, config Config) (*Client, error) {
	if ctx == nil {
		return nil, fmt.Errorf("connect: %w", errNoContext)
	}
	config, err := config.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	c := &Client{
		config:     config,
		inbox:      newInbox(config.Limits.Events),
		down:       make(chan struct{}),
		done:       make(chan struct{}),
		changed:    make(chan struct{}),
		topics:     make(map[topicKey]*sharedSubscription),
		connection: Status{Freshness: CatchingUp, Since: time.Now()},
	}
	c.told = c.connection
	// Values of ctx reach handlers; the end of ctx does not end the client.
	c.life, c.end = context.WithCancel(context.WithoutCancel(ctx))
	c.tellState(StateChange{State: Connecting, Try: 1})
	l, err := c.join(ctx)
	if err != nil {
		c.end()
		c.tellState(StateChange{State: Closed, Err: err})
		return nil, fmt.Errorf("connect: %w", err)
	}
	c.attach(l)
	go c.run(l)
	return c, nil
}

// Session describes a session, as the router's WELCOME does.
type Session struct {
	ID         uint64
	Realm      string
	AuthID     string
	AuthRole   string
	AuthMethod string
	// Details holds all details of WELCOME.
	Details map[string]any
}

func newSession(realm string, welcome *wamp.Welcome) Session {
	s := Session{ID: uint64(welcome.Session), Realm: realm, Details: wamp.PlainMap(welcome.Details)}
	s.AuthID, _ = welcome.Details.String("authid") // absent for an anonymous session
	s.AuthRole, _ = welcome.Details.String("authrole")
	s.AuthMethod, _ = welcome.Details.String("authmethod")
	if assigned, ok := welcome.Details.String("realm"); ok {
		s.Realm = assigned
	}
	return s
}

// Session returns the current session, or the zero Session while there is none.
func (c *Client) Session() Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link == nil {
		return Session{}
	}
	return c.link.session
}

// Close sends GOODBYE and closes the connection, after the queued publications are written. It starts no further
// handler; handlers that run may still run when Close returns, see [Client.Done].
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
		case <-timer.C: // the router has not answered in time
		}
	}
	c.end()
	<-c.down
	if err != nil {
		return fmt.Errorf("say goodbye: %w", err)
	}
	return nil
}

// Done is closed when the client has ended and none of its handlers runs.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err returns the reason why the client has ended: nil after Close, and nil before the end.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// request sends a message and waits for its answer.
func (c *Client) request(ctx context.Context, kind wamp.Code, message func(wamp.ID) wamp.Message) (wamp.Message, error) {
	return c.exchange(ctx, kind, outbound{message: message})
}

// exchange is request with the options of outbound.
func (c *Client) exchange(ctx context.Context, kind wamp.Code, o outbound) (wamp.Message, error) {
	o, replies := awaited(o)
	l, id, err := c.send(ctx, kind, o)
	if err != nil {
		return nil, err
	}
	return c.await(ctx, pendingReply{l, id, replies})
}

// reply is the answer to a request, or the reason why none will come.
type reply struct {
	message wamp.Message
	err     error
}

// pendingReply is a request that was sent.
type pendingReply struct {
	link    *link
	request wamp.ID
	replies <-chan reply
}

// awaited returns the request with a channel that gets its answer.
func awaited(o outbound) (outbound, <-chan reply) {
	replies := make(chan reply, 1)
	o.settle = func(m wamp.Message, err error) { replies <- reply{m, err} }
	return o, replies
}

// await waits for the answer to a request, and abandons the request when ctx ends.
func (c *Client) await(ctx context.Context, p pendingReply) (wamp.Message, error) {
	select {
	case r := <-p.replies:
		return r.message, r.err
	case <-ctx.Done():
		c.abandon(p.link, p.request)
		return nil, ctx.Err()
	}
}

// outbound is a request without its id. settle is called once, with the client's lock held, with the answer or the
// reason why none will come. A nil settle asks for no answer.
type outbound struct {
	message  func(wamp.ID) wamp.Message
	settle   func(wamp.Message, error)
	progress func(Payload) // of a call: called without the lock, for each progressive result
}

// send waits for a connection with room in its queue, and queues the request.
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
		if c.link != l { // lost before the request was sent, so sending it again repeats nothing
			c.mu.Unlock()
			continue
		}
		id, err := l.requestLocked(kind, o)
		c.mu.Unlock()
		return l, id, err
	}
}

// abandon forgets a request whose caller has gone, and cancels it if it is a call.
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

// connected waits for a session and returns its link.
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

// closedLocked returns the error of a request after the end, or nil. Caller must hold mu.
func (c *Client) closedLocked() error {
	switch {
	case c.ended && c.err != nil:
		return fmt.Errorf("%w: %w", ErrClosed, c.err)
	case c.ended || c.leaving:
		return ErrClosed
	}
	return nil
}

// changedLocked wakes the goroutines that wait for another state. Caller must hold mu.
func (c *Client) changedLocked() {
	close(c.changed)
	c.changed = make(chan struct{})
}
