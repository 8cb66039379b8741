// Package feature is the contract between the server and its features: what a feature declares, and
// what it gets from the server.
//
// A feature is one folder. It declares one [Feature], whose component uses the router's Publish,
// Subscribe, Register and Observe, and whatever of the interfaces below it needs.
//
// The package knows no feature and decides nothing.
package feature

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"github.com/tidings-io/tidings/internal/attempts"
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Feature describes a feature.
type Feature struct {
	Name   string         // as in log messages and errors
	Config config.Section // its keys of the configuration and scopes of API keys
	New    func(Host) Component
}

// Component is a feature at work. It may also be a [Runner], a [Meter] and an httpapi.Resource.
type Component interface {
	// Open connects the component to a realm before clients can join it. close undoes that, and waits
	// for everything that the component has started.
	Open(ctx context.Context, realm *router.Realm) (close func(), err error)
}

// Runner is a component with work of its own.
type Runner interface {
	// Run works until ctx ends. An error ends the server.
	Run(ctx context.Context) error
}

// Configurable is a component whose section may change while it works. The contracts of the section change without it.
type Configurable interface {
	// Configure takes the new configuration over. Safe for concurrent use.
	Configure(c *config.Config)
}

// Redeemer is a component that redeems tickets of another form than those of the server.
type Redeemer interface {
	// Redeems reports whether a text has the form of the component's tickets.
	Redeems(ticket string) bool
	// OfBackend reports whether a ticket claims to be that of a program of the application. Nothing is checked.
	OfBackend(ticket string) bool
	// Redeem returns the identity of a ticket, which the client at from has sent. The error is a *[wamp.Failure]: with
	// [wamp.ErrAuthenticationFailed] the ticket cannot be checked at the moment.
	Redeem(ctx context.Context, ticket string, from netip.Addr) (*peer.Identity, error)
}

// OriginSource is a component that knows origins whose pages may connect, beside those of the configuration.
type OriginSource interface {
	// AllowsOrigin reports whether pages of a host may connect, at every scheme and port. Safe for concurrent use.
	AllowsOrigin(host string) bool
}

// Meter is a component with metrics.
type Meter interface {
	// Collect passes the current values to yield. Safe for concurrent use.
	Collect(yield func(Sample))
}

// Sample is the value of a metric.
type Sample struct {
	Name, Help string // the name is without the prefix tidings_
	Kind       Kind
	Value      float64
}

// Kind says how the values of a metric relate.
type Kind int

// The kinds.
const (
	Gauge   Kind = iota // goes up and down
	Counter             // only grows
)

// Host holds the parts of the server that a feature uses.
type Host struct {
	Config *config.Config // [config.SectionOf] finds the feature's section in it
	Policy Policy
	Store  func(name, key string) Store // opens the value of a key in the named part of the store
	Logger *slog.Logger

	Guard    func(name string, ttl, skew time.Duration) ReplayGuard // remembers ids for ttl; issued may be ahead by skew
	Ask      func(url, secret string) Asker                         // asks a webhook, whose questions the secret signs
	Attempts *attempts.Limit                                        // counts failed logins
}

// ReplayGuard lets each id be used once. Safe for concurrent use.
type ReplayGuard interface {
	// Use records the use of an id until a time, and reports whether it is the first. issued is when the id was made. An
	// error means that the caller must refuse: it is unknown whether the id was used.
	Use(ctx context.Context, id string, issued, until time.Time) (fresh bool, err error)
}

// Asker asks a program of the application. Safe for concurrent use.
type Asker interface {
	// Exchange sends a JSON object and returns the JSON object of the answer.
	Exchange(ctx context.Context, question []byte) (answer []byte, err error)
	Close()
}

// Policy answers by the contracts. Safe for concurrent use.
type Policy interface {
	// Declares reports whether a topic has a contract.
	Declares(topic wamp.URI) bool
	// RuleAllows reports whether the rule of the contract alone allows a session an action. It logs a refusal.
	RuleAllows(session *router.Session, action peer.Action, uri wamp.URI) bool
	// RuleAdmits is RuleAllows without a line in the log: the session has asked for nothing.
	RuleAdmits(session *router.Session, action peer.Action, uri wamp.URI) bool
}

// Store is one value that all nodes share and that outlasts the process. Safe for concurrent use.
type Store interface {
	// Load returns the value and its version; version 0 means that there is no value.
	Load(ctx context.Context) (value []byte, version uint64, err error)
	// Save replaces the value that has the version and returns the new version. saved is false if the
	// version has changed.
	Save(ctx context.Context, value []byte, version uint64) (now uint64, saved bool, err error)
	// Watch calls see with the value and with every change of it until ctx ends.
	Watch(ctx context.Context, see func(value []byte, version uint64)) error
}
