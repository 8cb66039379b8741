package client_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestPublishReturnsWhatTheRouterAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		published := async(func() (uint64, error) {
			return c.Publish(t.Context(), "order.42", client.Args("shipped"), nil)
		})
		m := expect[*wamp.Publish](p)
		wantEqual(t, m.Request, wamp.ID(1))
		wantEqual(t, m.Topic, wamp.URI("order.42"))
		wantEqual(t, m.Options, wamp.Dict{"acknowledge": true})
		wantEqual(t, jsonOf(t, m.Payload), `"shipped"`)
		p.send(&wamp.Published{Request: m.Request, Publication: 99})
		wantEqual(t, must(t, published), uint64(99))
		leave(t, c, p)
	})
}

func TestPublishReportsARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		published := async(func() (uint64, error) {
			return c.Publish(t.Context(), "order.42", client.Payload{}, nil)
		})
		m := expect[*wamp.Publish](p)
		p.send(&wamp.Error{
			RequestType: wamp.CodePublish, Request: m.Request, Details: wamp.Dict{},
			Error: wamp.ErrNotAuthorized, Payload: payload(t, p.encoding, `["backends only"]`, `{"scope":"publish"}`),
		})
		err := (<-published).err
		wantError(t, err, "wamp.error.not_authorized")
		wantEqual(t, err.Error(), "publish to order.42: wamp.error.not_authorized: backends only")
		leave(t, c, p)
	})
}

func TestPublishWithoutAcknowledgementDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		id, err := c.Publish(t.Context(), "price.ACME", client.Args(12.5), &client.PublishOptions{Unacknowledged: true})
		if id != 0 || err != nil {
			t.Errorf("got %d, %v", id, err)
		}
		wantEqual(t, len(expect[*wamp.Publish](p).Options), 0)
		leave(t, c, p)
	})
}

func TestPublishSaysWhoMayHear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		_, err := c.Publish(t.Context(), "chat.lobby", client.Args("hi"), &client.PublishOptions{
			Unacknowledged: true, IncludeMe: true, DiscloseMe: true, Retain: true,
			Eligible: []uint64{}, EligibleAuthID: []string{"ann"}, EligibleAuthRole: []string{"staff"},
			Exclude: []uint64{7}, ExcludeAuthID: []string{"ben"}, ExcludeAuthRole: []string{"guest"},
		})
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, expect[*wamp.Publish](p).Options, wamp.Dict{
			"exclude_me": false, "disclose_me": true, "retain": true,
			"eligible": []wamp.ID{}, "eligible_authid": []string{"ann"}, "eligible_authrole": []string{"staff"},
			"exclude": []wamp.ID{7}, "exclude_authid": []string{"ben"}, "exclude_authrole": []string{"guest"},
		})
		leave(t, c, p)
	})
}

func TestPublishWaitsForRoomWhenTheServerDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{Limits: client.Limits{Outgoing: 100}})
		ctx, cancel := context.WithCancel(t.Context())
		sent := 0
		stopped := async(func() (int, error) {
			for {
				if _, err := c.Publish(ctx, "t", client.Args("0123456789"), &client.PublishOptions{Unacknowledged: true}); err != nil {
					return sent, err
				}
				sent++
			}
		})
		synctest.Wait() // everybody waits: the queue is full
		if sent == 0 || sent > 10 {
			t.Errorf("queued %d publications of some 40 bytes in a queue of 100", sent)
		}
		cancel()
		if r := <-stopped; r.err == nil {
			t.Error("publishing did not stop")
		}
		for range sent {
			expect[*wamp.Publish](p)
		}
		leave(t, c, p)
	})
}

func TestPayloadsThatCannotBeSentAreErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		if _, err := c.Publish(t.Context(), "t", client.Args(make(chan int)), nil); err == nil {
			t.Error("published a channel")
		}
		if _, err := c.Call(t.Context(), "p", client.Kwargs(map[string]any{"f": func() {}}), nil); err == nil {
			t.Error("called with a function")
		}
		leave(t, c, p)
	})
}
