package tidings

import (
	"context"
	"errors"
	"fmt"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/server"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Realm is the realm of the server for the program itself, which publishes, subscribes, calls and registers without a
// connection. The program is trusted: the rules of contracts apply to clients only. The methods are safe for
// concurrent use.
type Realm struct{ server *server.Server }

// Realm returns the realm of the server.
func (s *Server) Realm() *Realm { return &Realm{s.inner} }

// PublishOptions select the receivers of a publication. A receiver must be in every list that is not nil and in no
// Exclude list, so an empty Eligible list admits no receiver.
type PublishOptions struct {
	Exclude, Eligible           []uint64 // sessions
	ExcludeUsers, EligibleUsers []string
	ExcludeRoles, EligibleRoles []string

	// Retain keeps the event as the last of its topic, for later subscribers that ask for it. The contract must have
	// retain: asked.
	Retain bool

	// IdempotencyKey makes a retry to the same topic, in 15 minutes, the same publication. At most 128 bytes.
	IdempotencyKey string
	// Key is the row, where the topic is a table (keep: {per: key}). At most 128 bytes.
	Key string
	// Delete deletes the row.
	Delete bool
	// Version is that of the document that the topic, or the row, is about. One that is not higher than the last one is
	// refused with tidings.error.outdated. 0: the document has no versions.
	Version int64
	// As is the user that the events name as their sender, where the contract has sender: true. nil: they name none.
	As *Sender
}

// Sender is the user that an event comes from, as the server knows the user; see [client.Sender].
type Sender = client.Sender

// Receipt is the result of a publication.
type Receipt struct {
	Publication uint64 // the id that its events carry
	Deliveries  int    // the events that were queued for subscribers of this server
	Repeated    bool   // the same was published before, as Publication: no event was queued again
}

// Publish publishes to a declared topic. The contract says which payloads it allows. options may be nil.
func (r *Realm) Publish(ctx context.Context, topic string, p Payload, options *PublishOptions) (Receipt, error) {
	if ctx == nil {
		return Receipt{}, errNoContext
	}
	payload, err := encode(p)
	if err != nil {
		return Receipt{}, err
	}
	published := router.Publication{Topic: wamp.URI(topic), Payload: payload}
	if options != nil {
		published.Filter, published.Retain = options.filter(), options.Retain
		if options.As != nil {
			if published.Sender, err = peer.NewSender("As", options.As.ID, options.As.Name); err != nil {
				return Receipt{}, publicError(err)
			}
		}
		kept := publication.Kept{IdempotencyKey: options.IdempotencyKey, Key: options.Key, Delete: options.Delete, Version: options.Version}
		if published.Kept, err = kept.By(publication.ByProgram); err != nil {
			return Receipt{}, publicError(err)
		}
	}
	receipt, err := r.server.Publish(ctx, published)
	if err != nil {
		return Receipt{}, publicError(err)
	}
	return Receipt{Publication: uint64(receipt.Publication), Deliveries: receipt.Deliveries, Repeated: receipt.Repeated}, nil
}

func (o *PublishOptions) filter() publication.Filter {
	return publication.Filter{
		Exclude: ids(o.Exclude), Eligible: ids(o.Eligible),
		ExcludeAuthID: o.ExcludeUsers, EligibleAuthID: o.EligibleUsers,
		ExcludeAuthRole: o.ExcludeRoles, EligibleAuthRole: o.EligibleRoles,
	}
}

// ids keeps nil nil, because an empty list means something else.
func ids(sessions []uint64) []wamp.ID {
	if sessions == nil {
		return nil
	}
	all := make([]wamp.ID, len(sessions))
	for i, id := range sessions {
		all[i] = wamp.ID(id)
	}
	return all
}

// Subscribe calls handler for every publication that matches, whatever its receivers, until cancel. The handler runs
// in the publisher's goroutine, so it must not block. A call that has begun may still run after cancel. Handlers
// share the event and must not change it.
// Publications whose payload cannot be decoded are left out.
func (r *Realm) Subscribe(topic string, match client.Match, handler func(*Event)) (cancel func(), err error) {
	if handler == nil {
		return nil, fmt.Errorf("subscribe to %s: the handler is nil", topic)
	}
	if match == "" {
		match = client.MatchExact
	}
	policy, err := wamp.ParseMatch(string(match))
	if err != nil {
		return nil, publicError(err)
	}
	cancel, err = r.server.Subscribe(wamp.URI(topic), policy, func(e router.LocalEvent) {
		if event, ok := eventOf(&e); ok {
			handler(event)
		}
	})
	return cancel, publicError(err)
}

// eventOf returns the event, or false for a payload that only clients can decode.
func eventOf(e *router.LocalEvent) (*Event, bool) {
	payload, err := decode(e.Payload)
	if err != nil {
		return nil, false
	}
	event := &Event{Payload: payload, Topic: string(e.Topic), Publication: uint64(e.Publication)}
	if e.Sender != nil {
		event.Sender = &Sender{ID: e.Sender.ID, Name: e.Sender.Name, Backend: e.Sender.Backend}
	}
	if e.Publisher != nil {
		identity := e.Publisher.Identity()
		event.Publisher = uint64(e.Publisher.ID())
		event.PublisherAuthID, event.PublisherAuthRole = identity.ID, identity.Role()
	}
	return event, true
}

// Subscribers returns the number of sessions that a publication to the topic would reach.
func (r *Realm) Subscribers(topic string) int { return r.server.Subscribers(wamp.URI(topic)) }

// Call calls a procedure of a client or of the program and waits for the result. An error of the callee or the router
// is an [*Error].
func (r *Realm) Call(ctx context.Context, procedure string, p Payload) (Payload, error) {
	if ctx == nil {
		return Payload{}, errNoContext
	}
	payload, err := encode(p)
	if err != nil {
		return Payload{}, err
	}
	result, err := r.server.Call(ctx, wamp.URI(procedure), payload)
	if err != nil {
		return Payload{}, publicError(err)
	}
	return decode(result)
}

// Register answers the calls of a declared procedure, until cancel. The result of fn is the result of the call. An
// [*Error] is what the caller gets instead; the text of any other error is not told. Each call runs in a goroutine of
// its own, which Run waits for.
func (r *Realm) Register(procedure string, fn func(ctx context.Context, call *Invocation) (Payload, error)) (cancel func(), err error) {
	if fn == nil {
		return nil, fmt.Errorf("register %s: the function is nil", procedure)
	}
	return r.server.Register(wamp.URI(procedure), func(ctx context.Context, in router.LocalInvocation) (wamp.Payload, error) {
		call := &Invocation{Procedure: string(in.Procedure)}
		if in.Caller != nil {
			call.Caller, call.Session = identityOf(in.Caller.Identity()), uint64(in.Caller.ID())
		}
		var err error
		if call.Payload, err = decode(in.Payload); err != nil {
			return wamp.Payload{}, err
		}
		result, err := fn(ctx, call)
		if err != nil {
			return wamp.Payload{}, calleeError(err)
		}
		return encode(result)
	})
}

// Invocation is one call of a procedure that the program registered.
type Invocation struct {
	Procedure string
	Payload   Payload
	Caller    Identity // the zero Identity: the program itself
	Session   uint64   // 0: the call came by the HTTP API, or from the program itself
}

// calleeError turns an [*Error] into what the router passes on to the caller.
func calleeError(err error) error {
	var chosen *Error
	if !errors.As(err, &chosen) || chosen == nil {
		return err
	}
	uri := wamp.URI(chosen.URI)
	if uri.Check(wamp.LooseURIs, wamp.MatchExact) != nil { // no client could read it
		uri = wamp.URI(client.ErrRuntime)
	}
	carried := chosen.Payload
	if chosen.Message != "" && len(carried.Args) == 0 {
		carried.Args = []any{chosen.Message}
	}
	payload, err := encode(carried)
	if err != nil {
		return err
	}
	return &calls.Error{URI: uri, Payload: payload}
}
