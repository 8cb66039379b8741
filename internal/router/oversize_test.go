package router_test

import (
	"testing"
	"testing/synctest"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/wamp"
)

// shortFraming is the framing of a client that accepts short messages only.
type shortFraming struct{}

func (shortFraming) Frame(dst, message []byte) ([]byte, bool) {
	if len(message) > 2000 {
		return dst, false
	}
	return append(dst, message...), true
}

// A callee that has one part of the arguments, and to which the next part cannot be sent, gets INTERRUPT.
func TestACalleeIsInterruptedIfFurtherArgumentsAreOversize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := router.New(router.Options{})
		r.AddRealm("app")
		features := wamp.Dict{"features": wamp.Dict{"progressive_call_invocations": true, "call_canceling": true}}
		callee := &member{t: t, encoding: wamp.V2JSON}
		callee.client = r.Attach(router.Attachment{Format: outbox.Format{Encoding: wamp.V2JSON, Framing: shortFraming{}}})
		callee.say(&wamp.Hello{Realm: "app", Details: wamp.Dict{"roles": wamp.Dict{"callee": features}}})
		caller := enterWith(t, r, wamp.Dict{"caller": features})

		callee.say(&wamp.Register{Request: 1, Procedure: "p"})
		more := wamp.Dict{"progress": true}
		caller.say(&wamp.Call{Request: 1, Options: more, Procedure: "p"})
		callee.listen()
		callee.heard, caller.heard = nil, nil
		caller.say(&wamp.Call{Request: 1, Options: more, Procedure: "p", Payload: args(t, make([]int, 2000)...)})
		synctest.Wait()
		caller.listen()
		callee.listen()
		if len(callee.heard) != 1 || callee.heard[0].Code() != wamp.CodeInterrupt {
			t.Errorf("the callee heard %v", callee.heard)
		}
		refusal, _ := caller.heard[len(caller.heard)-1].(*wamp.Error)
		if refusal == nil || refusal.Error != wamp.ErrPayloadSizeExceeded {
			t.Errorf("the caller heard %v", caller.heard)
		}
		callee.client.Detach(outbox.CloseLost)
		caller.client.Detach(outbox.CloseLost)
	})
}
