package maintenance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

const (
	// Topic is where the state is published.
	Topic wamp.URI = "tidings.maintenance"
	// maxTries bounds how often a change is repeated because another node was faster.
	maxTries = 5
)

// Store keeps the state. All nodes see the same.
type Store interface {
	// Load gives what is stored and its version; version 0 says that there is nothing.
	Load(ctx context.Context) (value []byte, version uint64, err error)
	// Save replaces what has the version, and gives the new version; saved is false when somebody
	// else was faster.
	Save(ctx context.Context, value []byte, version uint64) (now uint64, saved bool, err error)
	// Watch calls see with what is stored and with every change, until the context ends.
	Watch(ctx context.Context, see func(value []byte, version uint64)) error
}

// Options is what the component stands on.
type Options struct {
	Realm         *router.Realm
	Store         Store
	OperatorRoles []string // whose pages stay usable, whoever turns maintenance on
	Logger        *slog.Logger
}

// Component is the state of the site. It is safe for concurrent use.
type Component struct {
	router.NoObserver
	options Options
	log     *slog.Logger
	undo    func() // by Open, for Close

	mu      sync.Mutex // guards what follows; never held while storing or publishing
	state   State
	version uint64 // of the state in the store; 0 if it is not there
}

// New makes the component. It starts nothing.
func New(options Options) *Component {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	return &Component{options: options, log: options.Logger}
}

// Open loads the state and begins to tell it: call it before clients can join.
func (c *Component) Open(ctx context.Context) error {
	if _, err := c.load(ctx); err != nil {
		return err
	}
	c.undo = c.options.Realm.Observe(c)
	return nil
}

// Close ends what Open began.
func (c *Component) Close() {
	if c.undo != nil {
		c.undo()
	}
	c.undo = nil
}

// Run follows changes that other nodes make, until the context ends.
func (c *Component) Run(ctx context.Context) error {
	err := c.options.Store.Watch(ctx, func(value []byte, version uint64) {
		changed, err := c.take(value, version)
		if err != nil {
			c.log.Error("the state of the site cannot be followed", "error", err)
		}
		if changed {
			c.publish(router.Filter{})
		}
	})
	if err != nil {
		return fmt.Errorf("watch the state of the site: %w", err)
	}
	return nil
}

// On turns maintenance on, or changes its message and operators. To repeat it changes nothing. An
// error that is the caller's fault is a *[wamp.Failure].
func (c *Component) On(ctx context.Context, start Start) (State, error) {
	if err := start.check(); err != nil {
		return State{}, err
	}
	return c.change(ctx, func(s State) State { return s.on(start, time.Now()) })
}

// Off turns maintenance off. To repeat it changes nothing.
func (c *Component) Off(ctx context.Context, by string) (State, error) {
	if err := checkUser("by", by); err != nil {
		return State{}, err
	}
	return c.change(ctx, func(s State) State { return s.off(by, time.Now()) })
}

// Status gives the state as pages get it.
func (c *Component) Status() State {
	state, _ := c.current()
	return state.shown(c.options.OperatorRoles)
}

var errContended = errors.New("others changed the state at the same time; try again")

// change stores what next makes of the latest state and publishes it. If somebody else stored
// first, next decides again.
func (c *Component) change(ctx context.Context, next func(State) State) (State, error) {
	for range maxTries {
		before, version := c.current()
		after := next(before)
		if after.Revision == before.Revision {
			return before.shown(c.options.OperatorRoles), nil
		}
		value, err := after.encode()
		if err != nil {
			return State{}, err
		}
		now, saved, err := c.options.Store.Save(ctx, value, version)
		if err != nil {
			return State{}, fmt.Errorf("store the state of the site: %w", err)
		}
		if saved {
			if c.replace(after, now) { // else the watch was faster, and publishes
				c.publish(router.Filter{})
			}
			c.log.InfoContext(ctx, "maintenance changed", "on", after.On, "by", after.By)
			return after.shown(c.options.OperatorRoles), nil
		}
		changed, err := c.load(ctx)
		if err != nil {
			return State{}, err
		}
		if changed { // what the other did: the watch will find nothing new in it
			c.publish(router.Filter{})
		}
	}
	return State{}, fmt.Errorf("store the state of the site: %w", errContended)
}

func (c *Component) load(ctx context.Context) (changed bool, err error) {
	value, version, err := c.options.Store.Load(ctx)
	if err != nil {
		return false, fmt.Errorf("load the state of the site: %w", err)
	}
	if version == 0 {
		// Off, and newer than what pages remember of a store that forgot.
		return c.replace(State{Revision: State{}.next(time.Now())}, 0), nil
	}
	return c.take(value, version)
}

func (c *Component) take(value []byte, version uint64) (changed bool, err error) {
	state, err := decode(value)
	if err != nil {
		return false, err
	}
	return c.replace(state, version), nil
}

// replace takes over what is stored, unless what is known is as new: a watch tells of own changes
// too, and late.
func (c *Component) replace(state State, version uint64) (changed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if version <= c.version && c.state.Revision != 0 {
		return false
	}
	c.state, c.version = state, version
	return true
}

func (c *Component) current() (State, uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state, c.version
}
