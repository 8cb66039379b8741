package tidings

import (
	"context"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// PublishOptions narrow who gets a publication. A list that is not nil must name the receiver, or
// not name it: an empty Eligible list means nobody.
type PublishOptions struct {
	Exclude, Eligible           []uint64 // sessions
	ExcludeUsers, EligibleUsers []string
	ExcludeRoles, EligibleRoles []string

	// Retain keeps the event as the topic's last, for who subscribes later and asks for it.
	Retain bool
}

// Receipt says what became of a publication.
type Receipt struct {
	Publication uint64 // the id that its events carry
	Deliveries  int    // how many subscribers it was sent to
}

// Publish sends an event to everyone who subscribes to the topic. The program itself may publish to
// every declared topic, whatever the contract's rule says of others; the payload must be as the
// contract wants it. options may be nil.
func (s *Server) Publish(ctx context.Context, topic string, p Payload, options *PublishOptions) (Receipt, error) {
	payload, err := p.inner()
	if err != nil {
		return Receipt{}, err
	}
	publication := router.Publication{Topic: wamp.URI(topic), Payload: payload}
	if options != nil {
		publication.Filter, publication.Retain = options.filter(), options.Retain
	}
	receipt, err := s.inner.Publish(ctx, publication)
	if err != nil {
		return Receipt{}, publicError(err)
	}
	return Receipt{Publication: uint64(receipt.Publication), Deliveries: receipt.Deliveries}, nil
}

func (o *PublishOptions) filter() router.Filter {
	return router.Filter{
		Exclude: ids(o.Exclude), Eligible: ids(o.Eligible),
		ExcludeAuthID: o.ExcludeUsers, EligibleAuthID: o.EligibleUsers,
		ExcludeAuthRole: o.ExcludeRoles, EligibleAuthRole: o.EligibleRoles,
	}
}

func ids(numbers []uint64) []wamp.ID {
	if numbers == nil {
		return nil
	}
	made := make([]wamp.ID, len(numbers))
	for i, n := range numbers {
		made[i] = wamp.ID(n)
	}
	return made
}

// Subscribers counts the subscriptions that a publication to the topic would reach: zero means that
// there is no use in publishing.
func (s *Server) Subscribers(topic string) int { return s.inner.Subscribers(wamp.URI(topic)) }

// Call calls a procedure that a client or [Server.Register] has registered. An error that the callee
// answered is an [*Error].
func (s *Server) Call(ctx context.Context, procedure string, p Payload) (Payload, error) {
	payload, err := p.inner()
	if err != nil {
		return Payload{}, err
	}
	result, err := s.inner.Call(ctx, wamp.URI(procedure), payload)
	if err != nil {
		return Payload{}, publicError(err)
	}
	return outer(result)
}
