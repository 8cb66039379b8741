package httpapi

import (
	"cmp"
	"context"
	"net/http"

	"github.com/go-json-experiment/json"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Publisher publishes for a backend.
type Publisher interface {
	// Publish publishes if the topic's contract allows it, as for a WebSocket client. by is the name of
	// the backend's API key. An error for the backend is a *wamp.Failure.
	Publish(ctx context.Context, by string, p router.Publication) (router.Receipt, error)
}

// Publication is a publication of a backend.
type Publication struct {
	Topic          string    `json:"topic,omitempty" doc:"The topic to publish to. Give this or contract." example:"order.42" minLength:"1"`
	Contract       string    `json:"contract,omitempty" doc:"The contract of the topic by its pattern, as the configuration has it, or with its parameters without types; instead of topic." example:"user.{user}.flash"`
	Params         Params    `json:"params,omitempty" doc:"The values of the contract's parameters, by name: text or integers. The server encodes what cannot stand in a topic."`
	Args           Array     `json:"args,omitempty" doc:"The event's arguments, in order."`
	Kwargs         Object    `json:"kwargs,omitempty" doc:"The event's named arguments."`
	Exclude        []wamp.ID `json:"exclude,omitzero" doc:"Sessions that get no event."`
	Eligible       []wamp.ID `json:"eligible,omitzero" doc:"Only these sessions may get the event; an empty list means nobody."`
	ExcludeAuthID  []string  `json:"exclude_authid,omitzero" doc:"Users that get no event."`
	EligibleAuthID []string  `json:"eligible_authid,omitzero" doc:"Only these users may get the event; an empty list means nobody."`
	Retain         bool      `json:"retain,omitempty" doc:"Keep it as the topic's last event, for subscribers that come later and ask for it, if the contract says retain: asked."`
	ExcludeRole    []string  `json:"exclude_authrole,omitzero" doc:"Roles that get no event."`
	EligibleRole   []string  `json:"eligible_authrole,omitzero" doc:"Only these roles may get the event; an empty list means nobody."`
	IdempotencyKey string    `json:"idempotency_key,omitzero" doc:"A retry with the same key to the same topic, in 15 minutes, is the same publication. The header Idempotency-Key does the same." maxLength:"128" example:"order-42-shipped"`
	Key            string    `json:"key,omitzero" doc:"The row, where the topic is a table." maxLength:"128"`
	Delete         bool      `json:"delete,omitzero" doc:"The row is deleted."`
	Version        int64     `json:"version,omitzero" doc:"Of the document that the topic, or the row, is about: a version that is not higher than the last one is refused with 409." minimum:"1" maximum:"9007199254740991"`
	As             *Sender   `json:"as,omitempty" doc:"The user whom the events name as their sender, where the contract has sender: true. The API key needs the scope publish_as. Without it the events name the API key."`
}

// Sender is the user that a publication comes from.
type Sender struct {
	ID   string `json:"id" doc:"The user's id." example:"42" minLength:"1" maxLength:"256"`
	Name string `json:"name,omitzero" doc:"The name that others see; without it the id." example:"Ann Miller" maxLength:"256"`
}

// Receipt says what became of a publication.
type Receipt struct {
	Publication wamp.ID `json:"publication" doc:"The id of the publication, as its events carry it." example:"4711815442389120"`
	Deliveries  int     `json:"deliveries" doc:"How many subscribers it was sent to." example:"3"`
	Repeated    bool    `json:"repeated,omitzero" doc:"The same was published before: this is its id, and nothing was sent again."`
	Epoch       string  `json:"epoch,omitzero" doc:"With seq the position after the publication, if its topic is kept."`
	Seq         uint64  `json:"seq,omitzero" doc:"See epoch."`
}

// addPublish adds a plain handler, because publishing is the hot path: in measurements huma's reflection
// allocates three times as much as everything else together.
func (a *API) addPublish() {
	a.addPlain(plainOperation{
		scope:       ScopePublish,
		path:        "publish",
		id:          "publish",
		summary:     "Publish to a topic",
		description: "Sends an event to everyone who subscribes to the topic. The topic's contract decides whether the API key may, and what the payload must look like.",
		request:     example[Publication]{Value: JSON(`{"topic":"order.42","kwargs":{"status":"shipped"}}`)},
		response:    example[Receipt]{Value: Receipt{Publication: 4711815442389120, Deliveries: 3}},
		serve:       a.publish,
	})
}

func (a *API) publish(w http.ResponseWriter, r *http.Request) error {
	var p Publication
	if err := a.decode(w, r, &p); err != nil {
		return err
	}
	if err := p.readHeader(r.Header); err != nil {
		return err
	}
	receipt, err := a.publishOne(r.Context(), &p)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	return json.MarshalWrite(w, receipt)
}

// readHeader takes the idempotency key of the header.
func (p *Publication) readHeader(h http.Header) error {
	key := h.Get("Idempotency-Key")
	if key != "" && p.IdempotencyKey != "" && key != p.IdempotencyKey {
		return NewProblem(http.StatusUnprocessableEntity, "the header Idempotency-Key and body.idempotency_key are not the same: send one of them")
	}
	p.IdempotencyKey = cmp.Or(p.IdempotencyKey, key)
	return nil
}

func (a *API) publishOne(ctx context.Context, p *Publication) (Receipt, error) {
	topic, err := named{"topic", p.Topic, p.Contract, p.Params}.resolve(a.options.Contracts.Topic)
	if err != nil {
		return Receipt{}, err
	}
	carried, err := payload(p.Args, p.Kwargs)
	if err != nil {
		return Receipt{}, NewProblem(http.StatusUnprocessableEntity, "the payload: %v", err)
	}
	published := router.Publication{
		Retain:  p.Retain,
		Topic:   topic,
		Payload: carried,
		Filter: publication.Filter{
			Exclude: p.Exclude, Eligible: p.Eligible,
			ExcludeAuthID: p.ExcludeAuthID, EligibleAuthID: p.EligibleAuthID,
			ExcludeAuthRole: p.ExcludeRole, EligibleAuthRole: p.EligibleRole,
		},
	}
	kept := publication.Kept{IdempotencyKey: p.IdempotencyKey, Key: p.Key, Delete: p.Delete, Version: p.Version}
	if published.Kept, err = kept.By(publication.ByKey(KeyName(ctx))); err != nil {
		return Receipt{}, err
	}
	if p.As != nil {
		if published.Sender, err = peer.NewSender("body.as", p.As.ID, p.As.Name); err != nil {
			return Receipt{}, err
		}
	}
	receipt, err := a.options.Publisher.Publish(ctx, KeyName(ctx), published)
	if err != nil {
		return Receipt{}, err
	}
	return Receipt{
		Publication: receipt.Publication, Deliveries: receipt.Deliveries, Repeated: receipt.Repeated,
		Epoch: receipt.Position.Epoch, Seq: receipt.Position.Seq,
	}, nil
}

// missing returns the document for an absent required member.
func missing(member string) *Problem {
	flaw := Flaw{Location: "body." + member, Message: "is required"}
	p := NewProblem(http.StatusUnprocessableEntity, "%s", flaw.String())
	p.Flaws = []Flaw{flaw}
	return p
}
