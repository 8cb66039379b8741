package wamp_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/wamp"
)

// A publication of about 300 bytes: an order of an ERP.
const benchPublish = `[16,239714735,{"acknowledge":true},"order.changed",[],{"id":4711,"number":"2026-4711","customer":"ACME GmbH & Co. KG",` +
	`"total":1234.5,"currency":"EUR","lines":[{"sku":"A-1","qty":2,"price":100.0},{"sku":"B-2","qty":1,"price":1034.5}],"by":"ann","paid":false,"note":null}]`

func BenchmarkDecodePublish(b *testing.B) {
	benchDecode(b, benchPublish)
}

func BenchmarkDecodeLargePublish(b *testing.B) {
	row := `{"sku":"A-1","qty":2,"price":100.0,"text":"something that an article may be called, with an ä"}`
	benchDecode(b, `[16,1,{},"t",[[`+strings.Repeat(row+",", 99)+row+`]]]`)
}

// Rows of a database, with so many columns that comparing keys one by one becomes slow.
func BenchmarkDecodeWidePublish(b *testing.B) {
	var columns strings.Builder
	for i := range 30 {
		fmt.Fprintf(&columns, `"column_%d":%d,`, i, 1000*i)
	}
	row := "{" + columns.String() + `"last":null}`
	benchDecode(b, `[16,1,{},"t",[[`+strings.Repeat(row+",", 9)+row+`]]]`)
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

// An EVENT with a payload that arrived as JSON: copied for JSON clients, transcoded for all others.
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

// The messages that a busy server reads and writes most, as JSON, and how often each may allocate.
var hotMessages = []struct {
	name, frame    string
	decode, append float64 // 0: the server rarely does it
}{
	{"HELLO", `[1,"app",{"agent":"tidings-js","authmethods":["ticket"],"authid":"ann","roles":{"subscriber":{"features":{"pattern_based_subscription":true}},"caller":{}}}]`, 22, 0},
	{"AUTHENTICATE", `[5,"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl",{}]`, 2, 0},
	{"SUBSCRIBE", `[32,7,{},"order.42"]`, 2, 0},
	{"PUBLISH", `[16,7,{},"order.42",["` + strings.Repeat("a hundred ", 10) + `"]]`, 3, 0},
	{"PUBLISH-numbers", `[16,7,{},"order.42",[1,2,3,40,500,6000,-7,8.5],{"id":4711,"by":"ann","paid":false}]`, 3, 0},
	{"CALL", `[48,7,{},"proc.x",[1,2]]`, 3, 0},
	{"YIELD", `[70,7,{},[3]]`, 2, 0},
	{"WELCOME", `[2,4711471147114711,{"realm":"app","authid":"ann","authrole":"user","authmethod":"ticket","authprovider":"static","roles":{"broker":{"features":{"pattern_based_subscription":true}},"dealer":{"features":{"call_canceling":true}}}}]`, 0, 1},
	{"SUBSCRIBED", `[33,7,5512315355]`, 0, 1},
	{"EVENT", `[36,5512315355,4429313566,{},["` + strings.Repeat("a hundred ", 10) + `"]]`, 0, 1},
	{"EVENT-numbers", `[36,5512315355,4429313566,{},[1,2,3,40,500,6000,-7,8.5],{"id":4711,"by":"ann","paid":false}]`, 0, 1},
	{"EVENT-topic", `[36,5512315355,4429313566,{"topic":"order.42"},["` + strings.Repeat("a hundred ", 10) + `"]]`, 0, 1},
	{"INVOCATION", `[68,7,5512315355,{},[1,2]]`, 0, 1},
	{"RESULT", `[50,7,{},[3]]`, 0, 1},
}

func BenchmarkDecodeHot(b *testing.B) {
	eachHot(b, func(b *testing.B, e wamp.Encoding, _ wamp.Message, frame []byte) {
		for b.Loop() {
			if _, err := e.Decode(frame); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkAppendHot(b *testing.B) {
	eachHot(b, func(b *testing.B, e wamp.Encoding, m wamp.Message, _ []byte) {
		for b.Loop() {
			if _, err := e.Append(nil, m); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func eachHot(b *testing.B, run func(*testing.B, wamp.Encoding, wamp.Message, []byte)) {
	for _, e := range encodings[:3] {
		for _, hot := range hotMessages {
			m, frame := hotMessage(b, e, hot.frame)
			b.Run(e.Serialization().String()+"/"+hot.name, func(b *testing.B) {
				b.ReportAllocs()
				run(b, e, m, frame)
			})
		}
	}
}

// hotMessage returns a message as decoded from an encoding, and its frame.
func hotMessage(tb testing.TB, e wamp.Encoding, text string) (wamp.Message, []byte) {
	tb.Helper()
	m, err := wamp.V2JSON.Decode([]byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	frame, err := e.Append(nil, m)
	if err != nil {
		tb.Fatal(err)
	}
	if m, err = e.Decode(frame); err != nil {
		tb.Fatal(err)
	}
	return m, frame
}
