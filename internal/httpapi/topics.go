package httpapi

import (
	"context"
	"net/http"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Topics lists contracts and subscriptions.
type Topics interface {
	Contracts() []Contract
	Subscriptions() []Subscription
}

// Contract is the contract of topics or procedures.
type Contract struct {
	Pattern   string            `json:"pattern" doc:"The pattern of the topics that it is for." example:"order.{id:int}"`
	Kind      string            `json:"kind" enum:"topic,procedure" doc:"What it declares."`
	Doc       string            `json:"doc,omitempty" doc:"What the topic is for."`
	Rules     map[string]string `json:"rules" doc:"Who may, as rules by action: subscribe and publish, or call and register."`
	HasSchema bool              `json:"has_schema" doc:"Whether the payload is checked."`
	Sender    bool              `json:"sender,omitzero" doc:"Whether events name their publisher (sender: true)."`
	Handler   string            `json:"handler,omitempty" doc:"Who is asked on top of the rules." enum:"webhook,procedure,function"`
	Every     string            `json:"every,omitempty" doc:"The interval of its periodic publication." example:"50s"`
	Source    string            `json:"source,omitempty" doc:"Where in the configuration it stands." example:"tidings.yaml:12"`
}

// Subscription is a topic or pattern with subscribers.
type Subscription struct {
	Topic       wamp.URI `json:"topic" doc:"The topic or pattern." example:"order.42"`
	Match       string   `json:"match" enum:"exact,prefix,wildcard" doc:"How it matches."`
	Subscribers int      `json:"subscribers" doc:"How many sessions hold it." example:"3"`
}

type (
	// TopicsAnswer lists all contracts and all subscriptions.
	TopicsAnswer struct {
		Contracts     []Contract     `json:"contracts"`
		Subscriptions []Subscription `json:"subscriptions"`
	}
	topicsOutput struct{ Body TopicsAnswer }
)

func (a *API) addTopics() {
	Register(a, Operation{
		Scope:       ScopeTopics,
		Method:      http.MethodGet,
		Path:        "topics",
		ID:          "list-topics",
		Summary:     "List contracts and subscriptions",
		Description: "What the configuration declares, and what is subscribed to at the moment.",
	}, func(context.Context, *struct{}) (*topicsOutput, error) {
		var out topicsOutput
		out.Body = TopicsAnswer{Contracts: a.options.Topics.Contracts(), Subscriptions: a.options.Topics.Subscriptions()}
		return &out, nil
	})
}
