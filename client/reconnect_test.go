package client_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/wamp"
)

// changes collects what OnState is told.
type changes struct {
	mu  sync.Mutex
	all []client.StateChange
}

func (c *changes) add(change client.StateChange) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, change)
}

// take gives what was collected and forgets it.
func (c *changes) take() []client.StateChange {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.all
	c.all = nil
	return all
}

func (c *changes) states() []client.State {
	var states []client.State
	for _, change := range c.take() {
		states = append(states, change.State)
	}
	return states
}

func TestALostConnectionIsMadeAgainWithAllThatWasAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		var told changes
		c, p := connect(t, r, client.Config{OnState: told.add})
		events := make(chan uint64, 1)
		handler := func(e *client.Event) { events <- e.Publication }
		subscribe(t, c, p, subscription{topic: "kept", handler: handler, id: 5})
		once := subscribe(t, c, p, subscription{
			topic: "once", handler: handler, id: 6,
			options: &client.SubscribeOptions{ThisSession: true},
		})
		register(t, c, p, func(context.Context, *client.Invocation) (client.Payload, error) {
			return client.Args("pong"), nil
		})
		pending := async(func() (client.Payload, error) { return c.Call(t.Context(), "slow", client.Payload{}, nil) })
		expect[*wamp.Call](p)
		wantEqual(t, told.states(), []client.State{client.Connecting, client.Connected})

		p.conn.Close()
		if err := (<-pending).err; !errors.Is(err, client.ErrConnectionLost) {
			t.Errorf("the pending call ended with %v", err)
		}
		<-once.Done()
		if !errors.Is(once.Err(), client.ErrConnectionLost) {
			t.Errorf("the subscription for one session ended with %v", once.Err())
		}

		p = r.welcome(8)
		m := expect[*wamp.Subscribe](p)
		wantEqual(t, m.Topic, wamp.URI("kept"))
		p.send(&wamp.Subscribed{Request: m.Request, Subscription: 1})
		p.send(&wamp.Registered{Request: expect[*wamp.Register](p).Request, Registration: 2})
		p.send(&wamp.Event{Subscription: 1, Publication: 77, Details: wamp.Dict{}})
		wantEqual(t, <-events, uint64(77))
		p.send(&wamp.Invocation{Request: 1, Registration: 2, Details: wamp.Dict{}})
		wantEqual(t, jsonOf(t, expect[*wamp.Yield](p).Payload), `"pong"`)
		wantEqual(t, c.Session().ID, uint64(8))
		wantEqual(t, told.states(), []client.State{client.Waiting, client.Connecting, client.Connected})
		leave(t, c, p)
		wantEqual(t, told.states(), []client.State{client.Closed})
	})
}

func TestARequestWaitsForAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		p.conn.Close()
		synctest.Wait()
		published := async(func() (uint64, error) {
			return c.Publish(t.Context(), "t", client.Payload{}, nil)
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond) // shorter than any pause
		defer cancel()
		if _, err := c.Publish(ctx, "t", client.Payload{}, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		p = r.welcome(8)
		p.send(&wamp.Published{Request: expect[*wamp.Publish](p).Request, Publication: 3})
		wantEqual(t, must(t, published), uint64(3))
		leave(t, c, p)
	})
}

func TestASubscriptionThatIsRefusedAfterAReconnectEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		s := subscribe(t, c, p, subscription{topic: "t", handler: func(*client.Event) {}, id: 5})
		p.conn.Close()
		p = r.welcome(8)
		p.send(&wamp.Error{
			RequestType: wamp.CodeSubscribe, Request: expect[*wamp.Subscribe](p).Request,
			Details: wamp.Dict{}, Error: wamp.ErrNotAuthorized,
		})
		<-s.Done()
		wantError(t, s.Err(), "wamp.error.not_authorized")
		leave(t, c, p)
	})
}

func TestATemporaryRefusalAfterAReconnectIsTriedAgainLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{Reconnect: client.Reconnect{Min: time.Second, Max: time.Minute}})
		s := subscribe(t, c, p, subscription{topic: "t", handler: func(*client.Event) {}, id: 5})
		p.conn.Close()
		p = r.welcome(8)
		asked := expect[*wamp.Subscribe](p)
		for try, uri := range []wamp.URI{wamp.ErrAuthorizationFailed, wamp.ErrUnavailable, wamp.ErrTimeout} {
			refused := time.Now()
			p.send(&wamp.Error{RequestType: wamp.CodeSubscribe, Request: asked.Request, Details: wamp.Dict{}, Error: uri})
			asked = expect[*wamp.Subscribe](p)
			if pause, least := time.Since(refused), time.Second<<try/2; pause < least {
				t.Errorf("%v after %s it was requested again; the least pause is %v", pause, uri, least)
			}
		}
		p.send(&wamp.Subscribed{Request: asked.Request, Subscription: 15})
		synctest.Wait()
		if err := s.Err(); err != nil {
			t.Errorf("the subscription ended: %v", err)
		}
		leave(t, c, p)
	})
}

func TestAProcedureThatTheLastSessionStillHasIsRegisteredLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		pong := func(context.Context, *client.Invocation) (client.Payload, error) { return client.Args("pong"), nil }
		registration := register(t, c, p, pong)
		p.conn.Close()
		p = r.welcome(8)
		p.send(&wamp.Error{RequestType: wamp.CodeRegister, Request: expect[*wamp.Register](p).Request, Details: wamp.Dict{}, Error: wamp.ErrProcedureAlreadyExists})
		p.send(&wamp.Registered{Request: expect[*wamp.Register](p).Request, Registration: 16})
		p.send(&wamp.Invocation{Request: 1, Registration: 16, Details: wamp.Dict{}})
		wantEqual(t, jsonOf(t, expect[*wamp.Yield](p).Payload), `"pong"`)
		if err := registration.Err(); err != nil {
			t.Errorf("the registration ended: %v", err)
		}
		leave(t, c, p)
	})
}

func TestATemporaryRefusalOfAFirstRequestIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		subscribing := async(func() (*client.Subscription, error) {
			return c.Subscribe(t.Context(), "t", func(*client.Event) {}, nil)
		})
		p.send(&wamp.Error{RequestType: wamp.CodeSubscribe, Request: expect[*wamp.Subscribe](p).Request, Details: wamp.Dict{}, Error: wamp.ErrAuthorizationFailed})
		err := (<-subscribing).err
		var refusal *client.Error
		if !errors.As(err, &refusal) || !refusal.Temporary() {
			t.Errorf("the error is %v", err)
		}
		leave(t, c, p)
	})
}

func TestEveryTryGetsItsOwnTicketAndALongerPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		var told changes
		tickets := 0
		c, p := connect(t, r, client.Config{
			OnState:   told.add,
			Reconnect: client.Reconnect{Min: time.Second, Max: 4 * time.Second, Tries: 4},
			Auth: client.Ticket(func(context.Context) (string, error) {
				if tickets++; tickets > 1 {
					return "", fmt.Errorf("no ticket %d", tickets)
				}
				return "ticket", nil
			}),
		})
		p.conn.Close()
		<-c.Done()
		wantEqual(t, tickets, 5)
		var pauses []time.Duration
		for _, change := range told.take() {
			if change.State == client.Waiting {
				pauses = append(pauses, change.Wait)
			}
		}
		for i, longest := range []time.Duration{1, 2, 4, 4} {
			longest *= time.Second
			if len(pauses) != 4 || pauses[i] < longest/2 || pauses[i] > longest {
				t.Fatalf("paused for %v", pauses)
			}
		}
		if err := c.Err(); err == nil || !strings.Contains(err.Error(), "no ticket 5") {
			t.Errorf("ended with %v", err)
		}
		if _, err := c.Call(t.Context(), "p", client.Payload{}, nil); !errors.Is(err, client.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}

func TestALastingSessionCalmsTheBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		var told changes
		c, p := connect(t, r, client.Config{OnState: told.add})
		lose := func(session wamp.ID) {
			p.conn.Close()
			p = r.welcome(session)
		}
		lose(8)
		lose(9)
		answered := async(func() (any, error) { _, err := p.next(); return nil, err }) // answers pings
		time.Sleep(time.Minute)
		p.conn.Close()
		<-answered
		lose(10)
		var tries []int
		for _, change := range told.take() {
			if change.State == client.Waiting {
				tries = append(tries, change.Try)
			}
		}
		wantEqual(t, tries, []int{1, 2, 1})
		leave(t, c, p)
	})
}

func TestWhatWillNotChangeIsNotTriedAgain(t *testing.T) {
	for name, test := range map[string]struct {
		config client.Config
		end    func(*router, *peer)
		uri    string
	}{
		"a killed session": {
			end: func(_ *router, p *peer) {
				p.send(&wamp.Goodbye{Details: wamp.Dict{"message": "bye"}, Reason: wamp.CloseKilled})
				expect[*wamp.Goodbye](p)
				p.gone()
			},
			uri: "wamp.close.killed",
		},
		"a key that is no longer accepted": {
			config: client.Config{Auth: client.Key("withdrawn")},
			end: func(r *router, p *peer) {
				p.conn.Close()
				p = r.accept()
				expect[*wamp.Hello](p)
				p.send(&wamp.Abort{Details: wamp.Dict{}, Reason: wamp.ErrAuthenticationDenied})
				p.gone()
			},
			uri: "wamp.error.authentication_denied",
		},
		"a realm that is gone": {
			end: func(r *router, p *peer) {
				p.conn.Close()
				p = r.accept()
				expect[*wamp.Hello](p)
				p.send(&wamp.Abort{Details: wamp.Dict{}, Reason: wamp.ErrNoSuchRealm})
				p.gone()
			},
			uri: "wamp.error.no_such_realm",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRouter(t)
				c, p := connect(t, r, test.config)
				test.end(r, p)
				<-c.Done()
				wantError(t, c.Err(), test.uri)
			})
		})
	}
}

func TestAShutdownOfTheServerIsAReasonToReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		p.send(&wamp.Goodbye{Details: wamp.Dict{}, Reason: wamp.CloseSystemShutdown})
		wantEqual(t, expect[*wamp.Goodbye](p).Reason, wamp.CloseGoodbyeAndOut)
		p.gone()
		leave(t, c, r.welcome(8))
	})
}

func TestCloseEndsTheWaitForAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		s := subscribe(t, c, p, subscription{topic: "t", handler: func(*client.Event) {}, id: 5})
		p.conn.Close()
		synctest.Wait()
		published := async(func() (uint64, error) { return c.Publish(t.Context(), "t", client.Payload{}, nil) })
		synctest.Wait()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if err := (<-published).err; !errors.Is(err, client.ErrClosed) {
			t.Errorf("got %v", err)
		}
		<-s.Done()
		if !errors.Is(s.Err(), client.ErrClosed) {
			t.Errorf("the subscription ended with %v", s.Err())
		}
		<-c.Done()
	})
}

func TestCloseDoesNotWaitForEverForAGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		closed := async(func() (any, error) { return nil, c.Close() })
		expect[*wamp.Goodbye](p) // and no answer
		must(t, closed)
		p.gone()
		<-c.Done()
	})
}

func TestASilentServerIsALostConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		var told changes
		c, p := connect(t, r, client.Config{OnState: told.add, Limits: client.Limits{Ping: 10 * time.Second}})
		answered := async(func() (any, error) { _, err := p.next(); return nil, err })
		time.Sleep(time.Minute + time.Second) // the server answers pings
		if slices.Contains(told.states(), client.Waiting) {
			t.Fatal("lost a connection that was alive")
		}
		p.conn.Close()
		<-answered
		wantEqual(t, p.pings, 6)
		p = r.welcome(8) // and this one answers nothing
		began := time.Now()
		reads := async(func() (any, error) {
			buffer := make([]byte, 100)
			for {
				if _, err := p.conn.Read(buffer); err != nil {
					return nil, err
				}
			}
		})
		<-reads
		if silence := time.Since(began); silence != 20*time.Second {
			t.Errorf("gave up after %v", silence)
		}
		leave(t, c, r.welcome(9))
	})
}

func TestAClientComesBackWhenTheRouterSaysSo(t *testing.T) {
	for told, want := range map[any]time.Duration{7.5: 7500 * time.Millisecond, int64(3): 3 * time.Second, 1e300: 5 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			r := newRouter(t)
			var states changes
			c, p := connect(t, r, client.Config{OnState: states.add})
			states.take()
			p.send(&wamp.Goodbye{Details: wamp.Dict{"_retry_after": told}, Reason: wamp.CloseSystemShutdown})
			expect[*wamp.Goodbye](p)
			p.gone()
			synctest.Wait()
			waiting := slices.IndexFunc(states.take(), func(s client.StateChange) bool { return s.State == client.Waiting && s.Wait == want })
			if waiting < 0 {
				t.Errorf("told %v, the client does not wait %s", told, want)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
