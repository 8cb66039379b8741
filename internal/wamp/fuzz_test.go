package wamp_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/wamp"
)

// seeds adds every frame of the golden files that has the serialization.
func seeds(f *testing.F, e wamp.Encoding) {
	f.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "frames", "*.golden"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		name := e.Serialization().String()
		for line := range strings.Lines(string(text)) {
			fields := strings.TrimSpace(line)
			if frame, ok := strings.CutPrefix(fields, "in "+name+" "); ok {
				f.Add(seedFrame(f, e, frame))
			} else if frame, ok := strings.CutPrefix(fields, name+" "); ok {
				f.Add(seedFrame(f, e, frame))
			}
		}
	}
}

func seedFrame(f *testing.F, e wamp.Encoding, text string) []byte {
	f.Helper()
	if !e.Binary() {
		return []byte(text)
	}
	frame, err := hexBytes(text)
	if err != nil {
		f.Fatal(err)
	}
	return frame
}

func FuzzDecodeJSON(f *testing.F)        { fuzzDecode(f, wamp.V2JSON) }
func FuzzDecodeMessagePack(f *testing.F) { fuzzDecode(f, wamp.V2MessagePack) }
func FuzzDecodeCBOR(f *testing.F)        { fuzzDecode(f, wamp.V2CBOR) }
func FuzzDecodeUBJSON(f *testing.F)      { fuzzDecode(f, wamp.V2UBJSON) }

// A message that one serialization accepts can be written in each of them, with the same meaning.
func fuzzDecode(f *testing.F, from wamp.Encoding) {
	seeds(f, from)
	f.Fuzz(func(t *testing.T, frame []byte) {
		borrowed := bytes.Clone(frame)
		m, err := from.Decode(borrowed)
		if err != nil {
			prefix := "wamp.error.protocol_violation: "
			if m != nil { // with a flaw in its payload
				prefix = "wamp.error.invalid_"
			}
			if failure := failure(err); !strings.HasPrefix(failure, prefix) || len(failure) > 400 {
				t.Fatalf("refused with %q", failure)
			}
			return
		}
		clear(borrowed) // the caller may reuse the frame's memory
		for _, to := range encodings {
			if from == wamp.V2CBOR && !isExpressible(m) {
				break // a tag that only CBOR can carry
			}
			once := mustAppend(t, to, m)
			again := mustDecode(t, to, once)
			if twice := mustAppend(t, to, again); !bytes.Equal(once, twice) {
				t.Fatalf("%s: %q becomes %q", to.Subprotocol(), once, twice)
			}
			// Compare in JSON, where values that JSON cannot distinguish are equal.
			direct, detour := mustAppend(t, wamp.V2JSON, m), mustAppend(t, wamp.V2JSON, again)
			if a, b := normal(t, direct), normal(t, detour); !bytes.Equal(a, b) {
				t.Fatalf("in JSON it is %q, by %s %q", a, to.Subprotocol(), b)
			}
		}
	})
}

// isExpressible reports whether a message of CBOR can be written in the other serializations.
func isExpressible(m wamp.Message) bool {
	_, err := wamp.V2JSON.Append(nil, m)
	return err == nil || !strings.Contains(err.Error(), "transcode from cbor")
}

// normal returns a JSON frame after transcoding it to MessagePack and back: JSON has many forms for the same
// number and the same string.
func normal(t *testing.T, frame []byte) []byte {
	t.Helper()
	m := mustDecode(t, wamp.V2JSON, frame)
	packed := mustDecode(t, wamp.V2MessagePack, mustAppend(t, wamp.V2MessagePack, m))
	return mustAppend(t, wamp.V2JSON, packed)
}

func mustAppend(t *testing.T, e wamp.Encoding, m wamp.Message) []byte {
	t.Helper()
	frame, err := e.Append(nil, m)
	if err != nil {
		t.Fatalf("append %+v as %s: %v", m, e.Subprotocol(), err)
	}
	return frame
}

func mustDecode(t *testing.T, e wamp.Encoding, frame []byte) wamp.Message {
	t.Helper()
	m, err := e.Decode(frame)
	if err != nil {
		t.Fatalf("decode %q as %s: %v", frame, e.Subprotocol(), err)
	}
	return m
}

// A client may send any frame at any time. Receive returns a message, nothing, or a Failure, and the phase is
// always consistent with it.
func FuzzConversationReceive(f *testing.F) {
	f.Add("wamp.2.json", []byte("[1,\"app\",{\"roles\":{\"caller\":{}}}]\n[48,1,{},\"p\"]\n[6,{},\"x\"]"))
	f.Add("wamp.2.json", []byte("[1,\"app\",{\"roles\":{\"caller\":{}}}]\n[3,{},\"x\"]"))
	f.Add("wamp", []byte("[1,\"p\",\"a.\"]\n[5,\"p:b\"]\n[5,\"p:b\"]\n[6,\"p:b\"]\n[7,\"p:b\",1,[\"1\"],[]]\n[2,\"c\",\"p:q\",1,{}]"))
	f.Add("wamp", []byte("[5,\"t\"]\n[6,\"t\"]\n[5,\"t\"]\n[2,1.5,\"p\"]"))
	f.Fuzz(func(t *testing.T, subprotocol string, frames []byte) {
		encoding, ok := wamp.EncodingFor(subprotocol)
		if !ok {
			return
		}
		s := wamp.NewConversation(encoding)
		if hello := s.Open(); hello != nil {
			mustSend(t, s, answer(hello))
		}
		for frame := range bytes.SplitSeq(frames, []byte("\n")) {
			m, err := s.Receive(frame)
			if err != nil {
				_ = failure(err)
				mustSend(t, s, &wamp.Abort{Reason: wamp.ErrProtocolViolation})
				if s.Phase() != wamp.PhaseClosed {
					t.Fatalf("after an ABORT the session is %s", s.Phase())
				}
				return
			}
			if reply := answer(m); reply != nil {
				mustSend(t, s, reply)
			}
		}
	})
}

// answer returns the answer of a router that accepts every request.
func answer(m wamp.Message) wamp.Message {
	switch m := m.(type) {
	case *wamp.Hello:
		return &wamp.Welcome{Session: 1, Details: wamp.Dict{"roles": wamp.Dict{"broker": wamp.Dict{}}}}
	case *wamp.Goodbye:
		return &wamp.Goodbye{Reason: wamp.CloseGoodbyeAndOut}
	case *wamp.Subscribe:
		return &wamp.Subscribed{Request: m.Request, Subscription: m.Request + 100}
	case *wamp.Unsubscribe:
		return &wamp.Unsubscribed{Request: m.Request}
	case *wamp.Publish:
		return &wamp.Event{Subscription: 1, Publication: 1, Topic: m.Topic, Payload: m.Payload}
	case *wamp.Call:
		return &wamp.Result{Request: m.Request, Payload: m.Payload}
	default:
		return nil
	}
}

func mustSend(t *testing.T, s *wamp.Conversation, m wamp.Message) {
	t.Helper()
	if _, err := s.Append(nil, m); err != nil {
		t.Fatal(err)
	}
}

// Unchecked bytes yield an error or a payload, in each of the serializations.
func FuzzTranscode(f *testing.F) {
	f.Add(uint8(0), uint8(1), []byte(`[1,1.5,"\u0000AQI=",{"a":null}]`), []byte(`{"k":[true,-7]}`))
	f.Add(uint8(1), uint8(0), []byte("\x93\x01\xc4\x01\xff\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"), []byte("\x81\xa1k\xc0"))
	f.Add(uint8(2), uint8(0), []byte("\x9f\x01\x5f\x41\xff\xff\xff"), []byte("\xbf\x61k\xf7\xff"))
	f.Fuzz(func(t *testing.T, from, to uint8, args, kwargs []byte) {
		p := wamp.Payload{Serialization: wamp.Serialization(from % 3), Args: args, Kwargs: kwargs}
		out, err := p.In(wamp.Serialization(to % 3))
		_, valueErr := p.Value()
		var a []any
		var k wamp.Dict
		decodeErr := p.Decode(&a, &k)
		if err != nil || valueErr != nil || decodeErr != nil || p.Serialization == wamp.JSON {
			return // In does not check payloads that are JSON already
		}
		if _, err := out.In(p.Serialization); err != nil {
			t.Fatalf("%+v becomes %+v, which does not go back: %v", p, out, err)
		}
	})
}
