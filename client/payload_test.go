package client_test

import (
	"math"
	"testing"
	"testing/synctest"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestValuesCrossEverySerializationUnchanged(t *testing.T) {
	values := []any{
		nil, true, "text", int64(-1 << 63), uint64(math.MaxUint64), int64(1<<53 + 1), 1.5,
		[]byte{0, 1, 255},
		[]any{[]byte("deep")},
		map[string]any{"in": map[string]any{"b": []byte{7}}},
	}
	for serialization, encoding := range map[client.Serialization]wamp.Encoding{
		client.JSON: wamp.V2JSON, client.MessagePack: wamp.V2MessagePack, client.CBOR: wamp.V2CBOR,
	} {
		t.Run(serialization.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRouter(t)
				r.encoding = encoding
				c, p := connect(t, r, client.Config{Serialization: serialization})
				called := async(func() (client.Payload, error) {
					return c.Call(t.Context(), "echo", client.Args(values...), nil)
				})
				m := expect[*wamp.Call](p)
				wantEqual(t, m.Payload.Serialization, encoding.Serialization())
				p.send(&wamp.Result{Request: m.Request, Details: wamp.Dict{}, Payload: m.Payload})
				wantEqual(t, must(t, called).Args, values)
				leave(t, c, p)
			})
		})
	}
}

func TestAPayloadIsOneValue(t *testing.T) {
	for want, payload := range map[string]client.Payload{
		`null`:                              {},
		`"one"`:                             client.Args("one"),
		`[1,2]`:                             client.Args(1, 2),
		`{"a":1}`:                           client.Kwargs(map[string]any{"a": 1}),
		`{"args":["one"],"kwargs":{"a":1}}`: {Args: []any{"one"}, Kwargs: map[string]any{"a": 1}},
	} {
		got, err := payload.JSON()
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, string(got), want)
	}
}

func TestAPayloadDecodesIntoAStruct(t *testing.T) {
	type change struct {
		Tag   string `json:"tag"`
		Big   uint64 `json:"big"`
		Photo []byte `json:"photo"`
	}
	sent := change{Tag: "order.42", Big: math.MaxUint64, Photo: []byte{0, 1, 255}}
	var got change
	received := client.Kwargs(map[string]any{"tag": sent.Tag, "big": sent.Big, "photo": sent.Photo})
	if err := received.Decode(&got); err != nil {
		t.Fatal(err)
	}
	wantEqual(t, got, sent)
	if err := client.Args("text").Decode(&got); err == nil {
		t.Error("decoded a text into a struct")
	}
}
