package router_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Whatever frames a client sends, the router answers or ends the conversation. Other clients are not affected, and
// nothing of the client is left. The frames of the input are separated by newlines, or by 0xff in binary encodings.
func FuzzClientReceive(f *testing.F) {
	f.Add(byte(0), []byte("[1,\"app\",{\"roles\":{\"callee\":{}}}]\n[64,1,{},\"p\"]\n[48,2,{},\"p\",[1]]\n[70,1,{},[2]]\n[6,{},\"x\"]"))
	f.Add(byte(0), []byte("[1,\"app\",{\"roles\":{\"subscriber\":{}}}]\n[32,1,{\"match\":\"wildcard\"},\"a..b\"]\n[16,2,{\"exclude_me\":false},\"a.x.b\",[1]]\n[34,3,1]"))
	f.Add(byte(0), []byte("[1,\"app\",{\"roles\":{\"caller\":{}}}]\n[48,1,{},\"local\",[1]]\n[48,2,{},\"concurrent\"]\n[3,{},\"x\"]\n[3,{},\"x\"]"))
	f.Add(byte(0), []byte("[1,\"app\",{\"roles\":{\"caller\":{}},\"authmethods\":[\"ticket\"]}]\n[5,\"good\",{}]\n[16,1,{\"eligible\":[],\"acknowledge\":true},\"t\"]"))
	f.Add(byte(1), []byte("[5,\"t\"]\n[7,\"t\",\"x\"]\n[2,\"c\",\"p\",1]\n[1,\"x\",\"t.\"]\n[6,\"t\"]"))
	f.Fuzz(func(t *testing.T, dialect byte, input []byte) {
		if len(input) > 1<<16 {
			t.Skip("over 64 KiB: slow, and of no interest")
		}
		fuzzOne(t, dialect, input)
	})
}

// calmAuthenticator is a scriptAuthenticator that does not panic.
type calmAuthenticator struct{ scriptAuthenticator }

func (c calmAuthenticator) Authenticate(ctx context.Context, h peer.AuthRequest) (peer.AuthResult, error) {
	if h.Details["authid"] == "panic" {
		delete(h.Details, "authid")
	}
	return c.scriptAuthenticator.Authenticate(ctx, h)
}

func fuzzOne(t *testing.T, dialect byte, input []byte) {
	r := router.New(router.Options{
		Authenticator: calmAuthenticator{}, Authorizer: scriptAuthorizer{}, Limits: meter.Limits{MessageBurst: 1 << 30},
	})
	realm := r.AddRealm("app")
	echo := (&script{t: t}).handle
	for _, reg := range []router.LocalProcedure{
		{Procedure: "local", Handler: echo},
		{Procedure: "concurrent", Handler: echo, Concurrent: true},
	} {
		if _, err := realm.Register(reg); err != nil {
			t.Fatal(err)
		}
	}
	witness := enter(t, r, wamp.V2JSON)
	witness.say(&wamp.Subscribe{Request: 1, Options: wamp.Dict{"match": "prefix"}, Topic: ""})

	encoding := []wamp.Encoding{wamp.V2JSON, wamp.V1JSON, wamp.V2MessagePack, wamp.V2CBOR}[dialect%4]
	separator := []byte("\n")
	if encoding.Binary() {
		separator = []byte{0xff}
	}
	c := r.Attach(router.Attachment{Format: outbox.Format{Encoding: encoding}})
	err := c.Open(t.Context())
	for frame := range bytes.SplitSeq(input, separator) {
		if err == nil {
			err = c.ReceiveBatched(t.Context(), frame)
		}
	}
	c.Flush()
	taken := c.Outbox().Take(nil, 1<<30)
	if info := taken.Closed; err != nil && (info == nil || info.Reason == outbox.CloseInternal) {
		t.Errorf("the conversation ended as %+v: %v after %q", info, err, taken.Pieces)
	}
	c.Detach(outbox.CloseLost)

	realm.Publish(router.Publication{Topic: "still.here", Payload: args(t, 1)})
	witness.listen()
	if last, ok := witness.heard[len(witness.heard)-1].(*wamp.Event); !ok || ints(t, last.Payload)[0] != 1 {
		t.Errorf("the witness last heard %+v", last)
	}
	witness.client.Detach(outbox.CloseLost)
	if err := r.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if stats := r.Stats(); stats.Clients+stats.Sessions+stats.Subscriptions != 0 || stats.Registrations != 2 {
		t.Errorf("something is left behind: %+v", stats)
	}
}
