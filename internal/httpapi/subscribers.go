package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Subscribers tells which sessions get the events of a topic.
type Subscribers interface {
	// Subscribers returns a page of a topic's subscribers. An error for the backend is a *wamp.Failure.
	Subscribers(q SubscriberQuery) (SubscribersAnswer, error)
}

// SubscriberQuery selects subscribers.
type SubscriberQuery struct {
	Topic wamp.URI
	User  string // "": all users
	After SubscriberPlace
	Limit int
}

// SubscriberPlace is a place in the list of subscribers: behind this one. The zero place is before all.
type SubscriberPlace struct{ Session, Subscription wamp.ID }

type (
	// Subscriber is one subscription of one session.
	Subscriber struct {
		Session      wamp.ID   `json:"session" doc:"The session's id." example:"4711815442389120"`
		Subscription wamp.ID   `json:"subscription" doc:"The id of the subscription."`
		User         string    `json:"user" doc:"The user's id; an API key's name for a backend." example:"42"`
		Name         string    `json:"name,omitempty" example:"Ann Miller"`
		Backend      bool      `json:"backend,omitzero" doc:"Whether it logged in with an API key."`
		Tab          string    `json:"tab,omitempty" doc:"The page's identity, which outlives its sessions."`
		Address      string    `json:"address" doc:"The address it came from." example:"192.0.2.7"`
		Topic        wamp.URI  `json:"topic" doc:"What it subscribed to: the topic, or a pattern." example:"order.42"`
		Match        string    `json:"match" enum:"exact,prefix,wildcard" doc:"How that matches."`
		Since        time.Time `json:"since" doc:"Since when it subscribes, to the minute."`
	}
	// SubscribersAnswer is a page of the subscribers of a topic.
	SubscribersAnswer struct {
		Topic       wamp.URI     `json:"topic" doc:"The topic." example:"order.42"`
		Contract    string       `json:"contract,omitempty" doc:"The place of the topic's contract in the configuration; missing if it has none." example:"topics: order.{id:int}"`
		Source      string       `json:"source,omitempty" doc:"The file and line of the contract." example:"tidings.yaml:12:3"`
		Undeclared  string       `json:"undeclared,omitempty" doc:"Why no contract matches, if none does."`
		Subscribers []Subscriber `json:"subscribers" doc:"In the order of their sessions."`
		Total       int          `json:"total" doc:"How many there are, listed or not."`
		Next        *NextPage    `json:"next,omitempty" doc:"Where the next page begins: values for after_session and after_subscription. Missing on the last page."`
	}
	// NextPage is the last subscriber of a page.
	NextPage struct {
		Session      wamp.ID `json:"session"`
		Subscription wamp.ID `json:"subscription"`
	}
	subscribersInput struct {
		Topic             string `query:"topic" doc:"The topic, exactly. Give this or contract." maxLength:"512" example:"order.42"`
		Contract          string `query:"contract" doc:"The contract of the topic by its pattern, instead of topic." maxLength:"1024" example:"user.{user}.flash"`
		Params            string `query:"params" doc:"The values of the contract's parameters as a JSON object." maxLength:"4096"`
		User              string `query:"user" doc:"Only sessions of this user."`
		Limit             int    `query:"limit" doc:"How many to list at most." default:"100" minimum:"1" maximum:"1000"`
		AfterSession      int64  `query:"after_session" doc:"The session of next of the page before." minimum:"0" maximum:"9007199254740992"`
		AfterSubscription int64  `query:"after_subscription" doc:"The subscription of next of the page before." minimum:"0" maximum:"9007199254740992"`
	}
	subscribersOutput struct{ Body SubscribersAnswer }
)

func (a *API) addSubscribers() {
	Register(a, Operation{
		Scope:       ScopeSessions,
		Method:      http.MethodGet,
		Path:        "subscribers",
		ID:          "list-subscribers",
		Summary:     "List who gets the events of a topic",
		Description: "The sessions that subscribe to the topic, or to a pattern that matches it, by name. Answers why somebody does not get an event.",
	}, func(_ context.Context, in *subscribersInput) (*subscribersOutput, error) {
		topic, err := a.Name("", "topic", in.Topic, in.Contract, in.Params)
		if err != nil {
			return nil, err
		}
		answer, err := a.options.Subscribers.Subscribers(SubscriberQuery{
			Topic: wamp.URI(topic), User: in.User, Limit: in.Limit,
			After: SubscriberPlace{wamp.ID(in.AfterSession), wamp.ID(in.AfterSubscription)},
		})
		if err != nil {
			return nil, err
		}
		return &subscribersOutput{Body: answer}, nil
	})
}
