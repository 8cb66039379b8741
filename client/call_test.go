package client_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/wamp"
)

func withCancel(t *testing.T) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithCancel(t.Context())
}

func TestCallReturnsTheResult(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		called := async(func() (client.Payload, error) {
			return c.Call(t.Context(), "sum", client.Args(1, 2), &client.CallOptions{Timeout: time.Second, DiscloseMe: true})
		})
		m := expect[*wamp.Call](p)
		wantEqual(t, m.Options, wamp.Dict{"timeout": int64(1000), "disclose_me": true})
		wantEqual(t, jsonOf(t, m.Payload), `[1,2]`)
		p.send(&wamp.Result{Request: m.Request, Details: wamp.Dict{}, Payload: payload(t, p.encoding, `[3]`, "")})
		wantEqual(t, must(t, called), client.Args(int64(3)))
		leave(t, c, p)
	})
}

func TestCallReportsTheCalleesErrorWithItsArguments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		called := async(func() (client.Payload, error) {
			return c.Call(t.Context(), "order.cancel", client.Payload{}, nil)
		})
		m := expect[*wamp.Call](p)
		p.send(&wamp.Error{
			RequestType: wamp.CodeCall, Request: m.Request, Details: wamp.Dict{}, Error: "order.error.shipped",
			Payload: payload(t, p.encoding, `["too late"]`, `{"order":42}`),
		})
		err := (<-called).err
		var answer *client.Error
		if !errors.As(err, &answer) {
			t.Fatalf("got %v", err)
		}
		wantEqual(t, *answer, client.Error{
			URI: "order.error.shipped", Message: "too late",
			Payload: client.Payload{Args: []any{"too late"}, Kwargs: map[string]any{"order": int64(42)}},
		})
		leave(t, c, p)
	})
}

func TestACallThatNobodyWaitsForIsCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		ctx, cancel := withCancel(t)
		called := async(func() (client.Payload, error) { return c.Call(ctx, "slow", client.Payload{}, nil) })
		m := expect[*wamp.Call](p)
		cancel()
		if err := (<-called).err; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		canceled := expect[*wamp.Cancel](p)
		wantEqual(t, canceled.Request, m.Request)
		wantEqual(t, canceled.Options, wamp.Dict{"mode": "killnowait"})
		p.send(&wamp.Result{Request: m.Request, Details: wamp.Dict{}}) // crosses the CANCEL, and is ignored
		leave(t, c, p)
	})
}

// register makes a registration that the router gives id 9.
func register(t *testing.T, c *client.Client, p *peer, procedure client.Procedure) *client.Registration {
	t.Helper()
	registered := async(func() (*client.Registration, error) {
		return c.Register(t.Context(), "sum", procedure, nil)
	})
	p.send(&wamp.Registered{Request: expect[*wamp.Register](p).Request, Registration: 9})
	return must(t, registered)
}

func TestARegisteredProcedureAnswersItsCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		registration := register(t, c, p, func(_ context.Context, i *client.Invocation) (client.Payload, error) {
			switch i.Args[0] {
			case "refuse":
				return client.Payload{}, &client.Error{URI: "sum.error.refused", Payload: client.Kwargs(map[string]any{"caller": i.Caller})}
			case "fail":
				return client.Payload{}, errors.New("no idea")
			case "nonsense":
				return client.Args(make(chan int)), nil
			}
			return client.Kwargs(map[string]any{"procedure": i.Procedure, "by": i.CallerAuthID}), nil
		})
		invoke := func(id wamp.ID, args string) {
			p.send(&wamp.Invocation{
				Request: id, Registration: 9, Details: wamp.Dict{"caller": int64(8), "caller_authid": "ann"},
				Payload: payload(t, p.encoding, args, ""),
			})
		}
		invoke(1, `["work"]`)
		yield := expect[*wamp.Yield](p)
		wantEqual(t, yield.Request, wamp.ID(1))
		wantEqual(t, jsonOf(t, yield.Payload), `{"by":"ann","procedure":"sum"}`)
		for id, want := range map[wamp.ID][2]string{
			2: {`["refuse"]`, `sum.error.refused {"caller":8}`},
			3: {`["fail"]`, `wamp.error.runtime_error "no idea"`},
		} {
			invoke(id, want[0])
			m := expect[*wamp.Error](p)
			wantEqual(t, m.RequestType, wamp.CodeInvocation)
			wantEqual(t, m.Request, id)
			wantEqual(t, string(m.Error)+" "+jsonOf(t, m.Payload), want[1])
		}
		invoke(4, `["nonsense"]`)
		wantEqual(t, expect[*wamp.Error](p).Error, wamp.URI("wamp.error.runtime_error"))

		unregistered := async(func() (any, error) { return nil, registration.Unregister(t.Context()) })
		m := expect[*wamp.Unregister](p)
		wantEqual(t, m.Registration, wamp.ID(9))
		invoke(5, `["late"]`)
		wantEqual(t, expect[*wamp.Error](p).Error, wamp.ErrNoSuchProcedure)
		p.send(&wamp.Unregistered{Request: m.Request})
		must(t, unregistered)
		leave(t, c, p)
	})
}

// A router that passes on such text is at fault, but only the message fails.
func TestAPayloadThatCannotBeReadFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		register(t, c, p, func(context.Context, *client.Invocation) (client.Payload, error) {
			t.Error("the procedure was called")
			return client.Payload{}, nil
		})
		p.write(ws.OpText, []byte(`[68,1,9,{},["cut \ud83d"]]`))
		refused := expect[*wamp.Error](p)
		wantEqual(t, refused.Request, wamp.ID(1))
		wantEqual(t, refused.Error, wamp.ErrInvalidArgument)

		called := async(func() (client.Payload, error) { return c.Call(t.Context(), "sum", client.Payload{}, nil) })
		call := expect[*wamp.Call](p)
		p.write(ws.OpText, fmt.Appendf(nil, `[50,%d,{},["cut \ud83d"]]`, call.Request))
		if answer := <-called; !errors.Is(answer.err, client.ErrInvalidArgument) {
			t.Errorf("the call returned %v", answer.err)
		}
		p.write(ws.OpText, []byte(`[36,77,1,{},["cut \ud83d"]]`)) // an EVENT has no answer
		leave(t, c, p)
	})
}

// The notices that a router of this project sends have the ids of invocations, which may be those of requests.
func TestARefusedAnswerIsNoAnswerToARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		called := async(func() (client.Payload, error) { return c.Call(t.Context(), "sum", client.Payload{}, nil) })
		call := expect[*wamp.Call](p)
		for _, answered := range []wamp.Code{wamp.CodeYield, wamp.CodeInvocation} {
			p.send(&wamp.Error{RequestType: answered, Request: call.Request, Error: wamp.ErrInvalidArgument})
		}
		p.send(&wamp.Result{Request: call.Request})
		must(t, called)
		leave(t, c, p)
	})
}

func TestAnInterruptedProcedureIsToldByItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		register(t, c, p, func(ctx context.Context, _ *client.Invocation) (client.Payload, error) {
			<-ctx.Done()
			return client.Payload{}, ctx.Err()
		})
		p.send(&wamp.Invocation{Request: 1, Registration: 9, Details: wamp.Dict{}})
		p.send(&wamp.Interrupt{Request: 1, Options: wamp.Dict{"mode": "kill"}})
		wantEqual(t, expect[*wamp.Error](p).Error, wamp.ErrCanceled)
		leave(t, c, p)
	})
}

func TestMoreCallsThanTheLimitAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{Limits: client.Limits{Invocations: 1}})
		release := make(chan struct{})
		register(t, c, p, func(context.Context, *client.Invocation) (client.Payload, error) {
			<-release
			return client.Payload{}, nil
		})
		p.send(&wamp.Invocation{Request: 1, Registration: 9, Details: wamp.Dict{}})
		p.send(&wamp.Invocation{Request: 2, Registration: 9, Details: wamp.Dict{}})
		refused := expect[*wamp.Error](p)
		wantEqual(t, refused.Request, wamp.ID(2))
		wantEqual(t, refused.Error, wamp.URI("wamp.error.unavailable"))
		close(release)
		wantEqual(t, expect[*wamp.Yield](p).Request, wamp.ID(1))
		leave(t, c, p)
	})
}

func TestARegistrationThatIsRefusedOrRevokedEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		none := func(context.Context, *client.Invocation) (client.Payload, error) { return client.Payload{}, nil }
		registered := async(func() (*client.Registration, error) {
			return c.Register(t.Context(), "app.", none, &client.RegisterOptions{Match: client.MatchPrefix})
		})
		m := expect[*wamp.Register](p)
		wantEqual(t, m.Options, wamp.Dict{"match": "prefix"})
		p.send(&wamp.Error{RequestType: wamp.CodeRegister, Request: m.Request, Details: wamp.Dict{}, Error: wamp.ErrProcedureAlreadyExists})
		wantError(t, (<-registered).err, "wamp.error.procedure_already_exists")

		kept := register(t, c, p, none)
		p.send(&wamp.Unregistered{Details: wamp.Dict{"registration": int64(9)}})
		<-kept.Done()
		if kept.Err() == nil {
			t.Error("ended without a reason")
		}
		leave(t, c, p)
	})
}

func TestAProcedureIsRegisteredOnceByAClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter(t)
		c, p := connect(t, r, client.Config{})
		none := func(context.Context, *client.Invocation) (client.Payload, error) { return client.Payload{}, nil }
		ctx, cancel := withCancel(t)
		abandoned := async(func() (*client.Registration, error) { return c.Register(ctx, "sum", none, nil) })
		first := expect[*wamp.Register](p)
		cancel()
		if err := (<-abandoned).err; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		registered := async(func() (*client.Registration, error) { return c.Register(t.Context(), "sum", none, nil) })
		second := expect[*wamp.Register](p)
		// To the router both are one: to give the first back would end the second.
		p.send(&wamp.Registered{Request: first.Request, Registration: 9})
		p.send(&wamp.Registered{Request: second.Request, Registration: 9})
		must(t, registered)
		_, err := c.Register(t.Context(), "sum", none, nil)
		wantError(t, err, "wamp.error.procedure_already_exists")
		leave(t, c, p)
	})
}
