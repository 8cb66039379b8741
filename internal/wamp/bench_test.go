package wamp_test

import (
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/wamp"
)

// An order of an ERP, as one publishes it: some 300 bytes.
const benchPublish = `[16,239714735,{"acknowledge":true},"order.changed",[],{"id":4711,"number":"2026-4711","customer":"ACME GmbH & Co. KG",` +
	`"total":1234.5,"currency":"EUR","lines":[{"sku":"A-1","qty":2,"price":100.0},{"sku":"B-2","qty":1,"price":1034.5}],"by":"ann","paid":false,"note":null}]`

func BenchmarkDecodePublish(b *testing.B) {
	benchDecode(b, benchPublish)
}

func BenchmarkDecodeLargePublish(b *testing.B) {
	row := `{"sku":"A-1","qty":2,"price":100.0,"text":"something that an article may be called, with an ä"}`
	benchDecode(b, `[16,1,{},"t",[[`+strings.Repeat(row+",", 99)+row+`]]]`)
}

func benchDecode(b *testing.B, publish string) {
	m, err := wamp.V2JSON.Decode([]byte(publish))
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range encodings {
		frame, err := e.Append(nil, m)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(e.Serialization().String(), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(frame)))
			for b.Loop() {
				if _, err := e.Decode(frame); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// An EVENT of a payload that came as JSON: raw to JSON clients, transcoded for the others.
func BenchmarkAppendEvent(b *testing.B) {
	m, err := wamp.V2JSON.Decode([]byte(benchPublish))
	if err != nil {
		b.Fatal(err)
	}
	event := &wamp.Event{Subscription: 5512315355, Publication: 4429313566, Payload: m.(*wamp.Publish).Payload, Topic: "order.changed"}
	for _, e := range append([]wamp.Encoding{wamp.V1JSON}, encodings...) {
		b.Run(e.Subprotocol(), func(b *testing.B) {
			b.ReportAllocs()
			buf := make([]byte, 0, 4096)
			for b.Loop() {
				if _, err := e.Append(buf, event); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
