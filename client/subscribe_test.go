package client_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestEventsArriveInOrderWithAllThatIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		events := make(chan *client.Event, 3)
		subscribe(t, c, p, subscription{
			topic: "order.", handler: func(e *client.Event) { events <- e }, id: 5,
			options: &client.SubscribeOptions{Match: client.MatchPrefix},
		})
		for i := range 3 {
			p.send(&wamp.Event{
				Subscription: 5, Publication: wamp.ID(100 + i),
				Details: wamp.Dict{
					"topic": "order.42", "publisher": int64(8),
					"publisher_authid": "ann", "publisher_authrole": "staff",
				},
				Payload: payload(t, p.encoding, `["shipped",2]`, `{"by":{"name":"Ann"}}`),
			})
		}
		for i := range 3 {
			e := <-events
			wantEqual(t, e.Publication, uint64(100+i))
			wantEqual(t, e.Topic, "order.42")
			wantEqual(t, e.Publisher, uint64(8))
			wantEqual(t, []string{e.PublisherAuthID, e.PublisherAuthRole}, []string{"ann", "staff"})
			wantEqual(t, e.Args, []any{"shipped", int64(2)})
			wantEqual(t, e.Kwargs, map[string]any{"by": map[string]any{"name": "Ann"}})
		}
		leave(t, c, p)
	})
}

func TestSubscribeAsksForWhatIsWanted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		subscribed := async(func() (*client.Subscription, error) {
			return c.Subscribe(t.Context(), "order..changed", func(*client.Event) {}, &client.SubscribeOptions{Match: client.MatchWildcard, Retained: true})
		})
		m := expect[*wamp.Subscribe](p)
		wantEqual(t, m.Options, wamp.Dict{"match": "wildcard", "get_retained": true, "_positions": true})
		p.send(&wamp.Error{RequestType: wamp.CodeSubscribe, Request: m.Request, Details: wamp.Dict{}, Error: wamp.ErrNotAuthorized})
		wantError(t, (<-subscribed).err, "wamp.error.not_authorized")
		leave(t, c, p)
	})
}

func TestHandlersOfOneTopicShareItsSubscription(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		calls := make(chan string, 2)
		first := subscribe(t, c, p, subscription{topic: "t", handler: func(*client.Event) { calls <- "first" }, id: 5})
		second := subscribe(t, c, p, subscription{topic: "t", handler: func(*client.Event) { calls <- "second" }, id: 5})
		event := &wamp.Event{Subscription: 5, Publication: 1, Details: wamp.Dict{}}
		p.send(event)
		wantEqual(t, []string{<-calls, <-calls}, []string{"first", "second"})

		if err := first.Unsubscribe(t.Context()); err != nil { // the other one still needs it
			t.Fatal(err)
		}
		p.send(event)
		wantEqual(t, <-calls, "second")

		unsubscribed := async(func() (any, error) { return nil, second.Unsubscribe(t.Context()) })
		m := expect[*wamp.Unsubscribe](p)
		wantEqual(t, m.Subscription, wamp.ID(5))
		p.send(event) // crosses the UNSUBSCRIBE
		p.send(&wamp.Unsubscribed{Request: m.Request})
		must(t, unsubscribed)
		leave(t, c, p)
		wantEqual(t, len(calls), 0)
	})
}

func TestASubscriptionThatIsNoLongerWantedIsGivenBackWhenItComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		ctx, cancel := withCancel(t)
		subscribed := async(func() (*client.Subscription, error) {
			return c.Subscribe(ctx, "t", func(*client.Event) {}, nil)
		})
		m := expect[*wamp.Subscribe](p)
		cancel()
		if err := (<-subscribed).err; !errors.Is(err, ctx.Err()) {
			t.Errorf("got %v", err)
		}
		p.send(&wamp.Subscribed{Request: m.Request, Subscription: 5})
		wantEqual(t, expect[*wamp.Unsubscribe](p).Subscription, wamp.ID(5))
		leave(t, c, p)
	})
}

func TestARevokedSubscriptionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		s := subscribe(t, c, p, subscription{topic: "t", handler: func(*client.Event) {}, id: 5})
		p.send(&wamp.Unsubscribed{Details: wamp.Dict{"subscription": int64(5), "reason": "rights withdrawn"}})
		<-s.Done()
		if s.Err() == nil {
			t.Error("ended without a reason")
		}
		leave(t, c, p)
	})
}

func TestAHandlerMayUseTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		answers := make(chan error, 1)
		subscribe(t, c, p, subscription{topic: "t", id: 5, handler: func(*client.Event) {
			_, err := c.Call(t.Context(), "p", client.Payload{}, nil)
			answers <- err
			go c.Close()
		}})
		p.send(&wamp.Event{Subscription: 5, Publication: 1, Details: wamp.Dict{}})
		p.send(&wamp.Result{Request: expect[*wamp.Call](p).Request, Details: wamp.Dict{}})
		if err := <-answers; err != nil {
			t.Error(err)
		}
		expect[*wamp.Goodbye](p)
		p.send(&wamp.Goodbye{Details: wamp.Dict{}, Reason: wamp.CloseGoodbyeAndOut})
		p.gone()
		<-c.Done()
	})
}

func TestAHandlerThatIsTooSlowCostsTheConnectionNotTheMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		release := make(chan struct{})
		c, p := connect(t, r, client.Config{
			Reconnect: client.Reconnect{Off: true},
			Limits:    client.Limits{Events: 2, HandlerPatience: 5 * time.Second},
		})
		handled := 0
		subscribe(t, c, p, subscription{topic: "t", id: 5, handler: func(*client.Event) {
			<-release
			handled++
		}})
		event := &wamp.Event{Subscription: 5, Publication: 1, Details: wamp.Dict{}}
		for range 4 { // one with the handler, two waiting, one that finds no room
			p.send(event)
		}
		p.gone()
		close(release)
		<-c.Done()
		if !errors.Is(c.Err(), client.ErrSlowHandler) {
			t.Errorf("ended with %v", c.Err())
		}
		wantEqual(t, handled, 3)
	})
}

func TestARevocationThatCrossesAnotherSubscribeEndsOnlyWhatWasHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		calls := make(chan string, 2)
		first := subscribe(t, c, p, subscription{topic: "t", handler: func(*client.Event) { calls <- "first" }, id: 5})
		subscribed := async(func() (*client.Subscription, error) {
			return c.Subscribe(t.Context(), "t", func(*client.Event) { calls <- "second" }, nil)
		})
		m := expect[*wamp.Subscribe](p)
		p.send(&wamp.Unsubscribed{Details: wamp.Dict{"subscription": int64(5)}}) // before the router read it
		<-first.Done()
		p.send(&wamp.Subscribed{Request: m.Request, Subscription: 6})
		second := must(t, subscribed)
		p.send(&wamp.Event{Subscription: 6, Publication: 1, Details: wamp.Dict{}})
		wantEqual(t, <-calls, "second")

		unsubscribed := async(func() (any, error) { return nil, second.Unsubscribe(t.Context()) })
		u := expect[*wamp.Unsubscribe](p)
		wantEqual(t, u.Subscription, wamp.ID(6))
		p.send(&wamp.Unsubscribed{Request: u.Request})
		must(t, unsubscribed)
		leave(t, c, p)
		wantEqual(t, len(calls), 0)
	})
}
