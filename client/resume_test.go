package client_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/wamp"
)

// followed is a subscription at a router that keeps the topic, and what its handlers were told, in order.
type followed struct {
	*client.Subscription
	told []any
}

// follow subscribes to a topic that the router keeps, and answers with a position.
func follow(t *testing.T, c *client.Client, p *peer, options client.SubscribeOptions, granted wamp.Dict) *followed {
	t.Helper()
	f := new(followed)
	options.OnGap = func(g client.Gap) { f.told = append(f.told, g) }
	options.OnStatus = func(s client.Status) { f.told = append(f.told, s.Freshness) }
	handler := func(e *client.Event) { f.told = append(f.told, e.Position.Seq) }
	subscribing := async(func() (*client.Subscription, error) { return c.Subscribe(t.Context(), "t", handler, &options) })
	m := expect[*wamp.Subscribe](p)
	p.send(&wamp.Subscribed{Request: m.Request, Subscription: 5, Details: granted})
	f.Subscription = must(t, subscribing)
	synctest.Wait()
	return f
}

// take gives what was told since the last call.
func (f *followed) take() []any {
	synctest.Wait()
	told := f.told
	f.told = nil
	return told
}

func at(seq int64) wamp.Dict { return wamp.Dict{"_epoch": "e", "_seq": seq} }

func with(d wamp.Dict, key string, value any) wamp.Dict {
	d[key] = value
	return d
}

// event sends an event of a topic that is kept.
func (p *peer) event(seq, prev int64, more ...string) {
	p.t.Helper()
	details := with(at(seq), "_prev", prev)
	for _, key := range more {
		details[key] = true
	}
	p.send(&wamp.Event{Subscription: 5, Publication: wamp.ID(seq), Details: details})
}

func position(seq uint64) client.Position { return client.Position{Epoch: "e", Seq: seq} }

func TestASubscriptionGoesOnWhereItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		f := follow(t, c, p, client.SubscribeOptions{}, with(at(10), "_live", true))
		p.event(11, 10)
		p.event(15, 11)
		wantEqual(t, f.take(), []any{client.Live, uint64(11), uint64(15)})

		lost := time.Now()
		p.conn.Close()
		wantEqual(t, f.take(), []any{client.Stale})
		if s := f.Status(); !errors.Is(s.Err, client.ErrConnectionLost) || !s.Since.Equal(lost) {
			t.Errorf("the status is %+v", s)
		}
		time.Sleep(time.Hour)
		p = r.welcome(8)
		m := expect[*wamp.Subscribe](p)
		wantEqual(t, m.Options, wamp.Dict{"_since": wamp.Dict{"_epoch": "e", "_seq": int64(15)}})
		wantEqual(t, f.take(), []any{client.CatchingUp})
		if s := c.Status(); s.Freshness != client.CatchingUp || !s.Since.Equal(lost) {
			t.Errorf("what was delivered is of %s, and the status says %+v", lost, s)
		}
		p.send(&wamp.Subscribed{Request: m.Request, Subscription: 5, Details: at(15)})
		p.event(20, 15)
		wantEqual(t, f.take(), []any{uint64(20)})
		p.event(22, 20, "_live")
		p.event(23, 22)
		wantEqual(t, f.take(), []any{uint64(22), client.Live, uint64(23)})
		wantEqual(t, c.Status().Freshness, client.Live)
		leave(t, c, p)
	})
}

func TestWhatCannotBeHadIsToldAsAGap(t *testing.T) {
	since := wamp.Dict{"_since": wamp.Dict{"_epoch": "e", "_seq": int64(10)}}
	fewer := with(with(at(17), "_gap", true), "_oldest", int64(18))
	other := wamp.Dict{"_epoch": "f", "_seq": int64(3), "_gap": true, "_live": true}
	for name, test := range map[string]struct {
		before, after, options wamp.Dict
		gap                    client.Gap
		live                   bool // after that
	}{
		"not all is kept":          {at(10), fewer, since, client.Gap{From: position(10), To: position(17), Kept: true}, false},
		"another epoch":            {at(10), other, since, client.Gap{From: position(10), To: client.Position{Epoch: "f", Seq: 3}, Kept: true}, true},
		"nothing is kept any more": {at(10), wamp.Dict{"_live": true}, since, client.Gap{From: position(10)}, true},
		"nothing was ever kept":    {nil, nil, wamp.Dict{"_positions": true}, client.Gap{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRouter(t)
				c, p := connect(t, r, client.Config{})
				f := follow(t, c, p, client.SubscribeOptions{}, test.before)
				wantEqual(t, f.take(), []any{client.Live})
				p.conn.Close()
				told := f.take()
				p = r.welcome(8)
				m := expect[*wamp.Subscribe](p)
				wantEqual(t, m.Options, test.options)
				told = append(told, f.take()...)
				p.send(&wamp.Subscribed{Request: m.Request, Subscription: 5, Details: test.after})
				want := []any{client.Stale, client.CatchingUp, test.gap}
				if test.live {
					want = append(want, client.Live)
				}
				wantEqual(t, append(told, f.take()...), want)
				leave(t, c, p)
			})
		})
	}
}

func TestAMissingEventIsFetchedOnceAndThenToldAsAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		f := follow(t, c, p, client.SubscribeOptions{}, at(10))
		p.event(13, 12) // 12 is missing
		p.event(14, 13) // comes again after the answer
		m := expect[*wamp.Subscribe](p)
		wantEqual(t, m.Options, wamp.Dict{"_since": wamp.Dict{"_epoch": "e", "_seq": int64(10)}})
		p.send(&wamp.Subscribed{Request: m.Request, Subscription: 5, Details: at(10)})
		p.event(13, 12)
		p.event(14, 13, "_live")
		p.event(15, 14)
		gap := client.Gap{From: position(10), To: position(12), Kept: true}
		wantEqual(t, f.take(), []any{client.Live, client.CatchingUp, gap, uint64(13), uint64(14), client.Live, uint64(15)})
		leave(t, c, p)
	})
}

func TestTheRouterSaysThatSomethingIsLostOrSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		f := follow(t, c, p, client.SubscribeOptions{}, at(10))
		p.event(20, 15, "_gap")
		wantEqual(t, f.take(), []any{client.Live, client.Gap{From: position(10), To: position(15), Kept: true}, uint64(20)})
		p.send(&wamp.Event{Subscription: 5, Publication: 30, Details: with(with(at(30), "_prev", int64(29)), "_skipped", int64(9))})
		wantEqual(t, f.take(), []any{uint64(30), client.Thinned})
		p.event(31, 30)
		wantEqual(t, f.take(), []any{uint64(31), client.Live})
		leave(t, c, p)
	})
}

func TestAnEventThatCannotBeReadIsAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		f := follow(t, c, p, client.SubscribeOptions{}, at(10))
		p.write(p.op(), []byte(`[36,5,1,{"_epoch":"e","_seq":11,"_prev":10},["\ud83d"]]`))
		p.event(12, 11)
		wantEqual(t, f.take(), []any{client.Live, client.Gap{From: position(10), To: position(11), Kept: true}, uint64(12)})
		leave(t, c, p)
	})
}

func TestAHandlerThatWantsTheLastEventsRepeatsNoneForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		first := follow(t, c, p, client.SubscribeOptions{}, at(10))
		for seq := range int64(3) {
			p.event(11+seq, 10+seq)
		}
		wantEqual(t, first.take(), []any{client.Live, uint64(11), uint64(12), uint64(13)})

		second := new(followed)
		handler := func(e *client.Event) { second.told = append(second.told, e.Position.Seq) }
		subscribing := async(func() (*client.Subscription, error) {
			return c.Subscribe(t.Context(), "t", handler, &client.SubscribeOptions{Last: 2})
		})
		m := expect[*wamp.Subscribe](p)
		wantEqual(t, m.Options, wamp.Dict{"_last": int64(2)})
		p.event(14, 13) // it was sent before the router read SUBSCRIBE
		p.send(&wamp.Subscribed{Request: m.Request, Subscription: 5, Details: at(12)})
		must(t, subscribing)
		p.event(13, 12)
		p.event(14, 13, "_live")
		p.event(15, 14)
		wantEqual(t, second.take(), []any{uint64(13), uint64(14), uint64(15)})
		wantEqual(t, first.take(), []any{client.CatchingUp, uint64(14), client.Live, uint64(15)})
		leave(t, c, p)
	})
}

func TestHandlersThatComeWhileOthersCatchUpJoinAfterwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		first := follow(t, c, p, client.SubscribeOptions{Since: position(3)}, at(3))
		second := new(followed)
		handler := func(e *client.Event) { second.told = append(second.told, e.Position.Seq) }
		subscribing := async(func() (*client.Subscription, error) { return c.Subscribe(t.Context(), "t", handler, nil) })
		p.event(4, 3)
		p.event(5, 4, "_live")
		m := expect[*wamp.Subscribe](p)
		wantEqual(t, m.Options, wamp.Dict{"_positions": true})
		p.send(&wamp.Subscribed{Request: m.Request, Subscription: 5, Details: with(at(9), "_live", true)})
		must(t, subscribing)
		p.event(10, 9)
		wantEqual(t, second.take(), []any{uint64(10)})
		wantEqual(t, first.take(), []any{uint64(4), uint64(5), client.Live, uint64(10)})
		leave(t, c, p)
	})
}

func TestAHandlerThatLeavesWhileItCatchesUpHoldsNoOtherUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		first := follow(t, c, p, client.SubscribeOptions{Since: position(3)}, at(3))
		var got []uint64
		subscribing := async(func() (*client.Subscription, error) {
			return c.Subscribe(t.Context(), "t", func(e *client.Event) { got = append(got, e.Position.Seq) }, nil)
		})
		synctest.Wait()
		if err := first.Unsubscribe(t.Context()); err != nil { // the topic is still wanted
			t.Fatal(err)
		}
		p.event(4, 3)
		p.event(5, 4, "_live")
		m := expect[*wamp.Subscribe](p)
		p.send(&wamp.Subscribed{Request: m.Request, Subscription: 5, Details: with(at(5), "_live", true)})
		must(t, subscribing)
		p.event(6, 5)
		synctest.Wait()
		wantEqual(t, got, []uint64{6})
		wantEqual(t, first.take(), []any(nil))
		leave(t, c, p)
	})
}

func TestHandlersOfOneTopicThatAreRefusedLeaveTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		first := follow(t, c, p, client.SubscribeOptions{}, at(10))
		first.take()
		subscribing := async(func() (*client.Subscription, error) {
			return c.Subscribe(t.Context(), "t", func(*client.Event) {}, &client.SubscribeOptions{Last: 5})
		})
		m := expect[*wamp.Subscribe](p)
		p.send(&wamp.Error{RequestType: wamp.CodeSubscribe, Request: m.Request, Details: wamp.Dict{}, Error: wamp.ErrLimitExceeded})
		wantError(t, (<-subscribing).err, "tidings.error.limit_exceeded")
		p.event(11, 10)
		wantEqual(t, first.take(), []any{client.CatchingUp, client.Live, uint64(11)})
		leave(t, c, p)
	})
}

func TestAnEventThatFoundNoRoomComesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		release := make(chan struct{})
		c, p := connect(t, r, client.Config{Limits: client.Limits{Events: 2, HandlerPatience: 5 * time.Second}})
		var got []uint64
		subscribing := async(func() (*client.Subscription, error) {
			return c.Subscribe(t.Context(), "t", func(e *client.Event) {
				<-release
				got = append(got, e.Position.Seq)
			}, nil)
		})
		m := expect[*wamp.Subscribe](p)
		p.send(&wamp.Subscribed{Request: m.Request, Subscription: 5, Details: at(10)})
		must(t, subscribing)
		for seq := range int64(4) { // one with the handler, two waiting, one that finds no room
			p.event(11+seq, 10+seq)
		}
		p.gone()
		close(release)
		p = r.welcome(8)
		m = expect[*wamp.Subscribe](p)
		wantEqual(t, m.Options, wamp.Dict{"_since": wamp.Dict{"_epoch": "e", "_seq": int64(13)}})
		p.send(&wamp.Subscribed{Request: m.Request, Subscription: 5, Details: at(13)})
		p.event(14, 13, "_live")
		synctest.Wait()
		wantEqual(t, got, []uint64{11, 12, 13, 14})
		leave(t, c, p)
	})
}

func TestARetainedEventIsAskedForAgainUnlessTheTopicIsKept(t *testing.T) {
	for name, test := range map[string]struct {
		granted wamp.Dict
		again   wamp.Dict
	}{
		"kept":     {at(10), wamp.Dict{"_since": wamp.Dict{"_epoch": "e", "_seq": int64(10)}}},
		"not kept": {nil, wamp.Dict{"_positions": true, "get_retained": true}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRouter(t)
				c, p := connect(t, r, client.Config{})
				plain := follow(t, c, p, client.SubscribeOptions{}, test.granted)
				plain.take()
				retained := 0
				handler := func(e *client.Event) { retained++ }
				subscribing := async(func() (*client.Subscription, error) {
					return c.Subscribe(t.Context(), "t", handler, &client.SubscribeOptions{Retained: true})
				})
				m := expect[*wamp.Subscribe](p)
				wantEqual(t, m.Options, wamp.Dict{"_positions": true, "get_retained": true})
				p.send(&wamp.Subscribed{Request: m.Request, Subscription: 5, Details: test.granted})
				must(t, subscribing)
				p.send(&wamp.Event{Subscription: 5, Publication: 1, Details: wamp.Dict{"retained": true}})
				synctest.Wait()
				wantEqual(t, retained, 1)
				wantEqual(t, len(plain.take()), 0) // it has not asked
				p.conn.Close()
				p = r.welcome(8)
				wantEqual(t, expect[*wamp.Subscribe](p).Options, test.again)
				leave(t, c, p)
			})
		})
	}
}

func TestEndedSubscriptionsSaySo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		var told []client.Freshness
		c, p := connect(t, r, client.Config{OnStatus: func(s client.Status) { told = append(told, s.Freshness) }})
		f := follow(t, c, p, client.SubscribeOptions{}, at(10))
		f.take()
		p.send(&wamp.Unsubscribed{Details: wamp.Dict{"subscription": int64(5), "reason": "wamp.error.not_authorized", "_message": "no more"}})
		wantEqual(t, f.take(), []any{client.Ended})
		wantError(t, f.Status().Err, "wamp.error.not_authorized")
		wantEqual(t, c.Status().Freshness, client.Live) // of what is left
		p.conn.Close()
		synctest.Wait()
		wantEqual(t, c.Status().Freshness, client.Stale)
		p = r.welcome(8)
		synctest.Wait()
		if want := []client.Freshness{client.Live, client.Stale, client.Live}; !slices.Equal(told, want) {
			t.Errorf("the client was %v", told)
		}
		leave(t, c, p)
		wantEqual(t, c.Status().Freshness, client.Ended)
	})
}

func TestSubscribeOptionsThatMakeNoSenseAreRefusedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		for says, options := range map[string]client.SubscribeOptions{
			"Last is -1":         {Last: -1},
			"Last is 1000001":    {Last: client.MaxLast + 1},
			"Last and Since are": {Last: 1, Since: position(1)},
			"Since has no":       {Since: client.Position{Seq: 4}},
			`Match is "begins"`:  {Match: "begins"},
		} {
			_, err := c.Subscribe(t.Context(), "t", func(*client.Event) {}, &options)
			wantText(t, err, says)
		}
		leave(t, c, p)
	})
}
