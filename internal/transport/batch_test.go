package transport_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/transport"
	"github.com/tidings-io/tidings/internal/wamp"
)

// batch makes a batch of messages that are written as JSON, in a serialization.
func batch(t *testing.T, e wamp.Encoding, messages ...string) string {
	t.Helper()
	var b []byte
	for _, message := range messages {
		m, err := wamp.V2JSON.Decode([]byte(message))
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := e.Append(nil, m)
		if err != nil {
			t.Fatal(err)
		}
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(encoded))), encoded...)
	}
	return string(b)
}

func TestBatchesOfJSONAreSeparatedByEitherByte(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{})
	for _, separator := range []string{"\x1e", "\x18"} {
		client := s.dial(t, "Sec-WebSocket-Protocol: wamp.2.json.batched")
		if client.protocol != "wamp.2.json.batched" {
			t.Fatalf("the subprotocol is %q", client.protocol)
		}
		client.send(masked(fin|opText, helloJSON+separator+`[32,1,{},"a.b"]`+separator+`[32,2,{},"a.c"]`+separator))
		client.wantsMatch(fin|opText, "^\\[2,.*\\]\x1e$")
		client.wantsMatch(fin|opText, "^\\[33,1,\\d+\\]\x1e$")
		client.wantsMatch(fin|opText, "^\\[33,2,\\d+\\]\x1e$")
	}
}

func TestBatchesOfBinariesHaveLengths(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{})
	for _, e := range []wamp.Encoding{wamp.V2MessagePack, wamp.V2CBOR} {
		client := s.dial(t, "Sec-WebSocket-Protocol: "+e.Subprotocol()+".batched, "+e.Subprotocol())
		if client.protocol != e.Subprotocol()+".batched" {
			t.Fatalf("the subprotocol is %q", client.protocol)
		}
		client.send(masked(fin|opBinary, batch(t, e, helloJSON, `[32,1,{},"a.b"]`)))
		for _, want := range []wamp.Code{wamp.CodeWelcome, wamp.CodeSubscribed} {
			payload := client.receive().payload
			if length := binary.BigEndian.Uint32([]byte(payload)); int(length) != len(payload)-4 {
				t.Fatalf("the length is %d of %d", length, len(payload)-4)
			}
			m, err := e.Decode([]byte(payload[4:]))
			if err != nil || m.Code() != want {
				t.Fatalf("got %v %v, want %v", m, err, want)
			}
		}
	}
}

func TestAMalformedBatchIsAborted(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{})
	good := batch(t, wamp.V2CBOR, helloJSON)
	for _, c := range []struct {
		protocol string
		first    byte
		payloads []string
	}{
		{"wamp.2.json.batched", fin | opText, []string{"", helloJSON, "\x1e", "\x1e" + helloJSON + "\x1e"}},
		{"wamp.2.cbor.batched", fin | opBinary, []string{"", "abc", good[:len(good)-1], "\x00\x00\x00\x00", "\xff\xff\xff\xffabc"}},
	} {
		for _, payload := range c.payloads {
			client := s.dial(t, "Sec-WebSocket-Protocol: "+c.protocol)
			client.send(masked(c.first, payload))
			if g := client.receive(); !strings.Contains(g.payload, "wamp.error.protocol_violation") {
				t.Errorf("%s %q: got %v", c.protocol, payload, g)
			}
			client.wantsClose(1002)
			client.nc.Close()
		}
	}
	client := s.dial(t, "Sec-WebSocket-Protocol: wamp.2.json.batched")
	client.send(masked(fin|opText, helloJSON+"\x1e[32"))
	client.wantsMatch(fin|opText, "^\\[2,")
	client.wantsMatch(fin|opText, "^\\[3,.*protocol_violation")
}

func TestBatchedJSONIsChosenLast(t *testing.T) {
	t.Parallel()
	s, _ := routed(t, transport.Options{})
	client := s.dial(t, "Sec-WebSocket-Protocol: wamp.2.json.batched, wamp.2.msgpack.batched, wamp.2.json")
	if client.protocol != "wamp.2.msgpack.batched" {
		t.Errorf("the subprotocol is %q", client.protocol)
	}
}
