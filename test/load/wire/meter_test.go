package wire_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/test/load/wire"
)

// serverFrame returns a frame as servers send it.
func serverFrame(first byte, payload string) []byte {
	frame := []byte{first}
	switch n := len(payload); {
	case n < 126:
		frame = append(frame, byte(n))
	case n < 1<<16:
		frame = binary.BigEndian.AppendUint16(append(frame, 126), uint16(n))
	default:
		frame = binary.BigEndian.AppendUint64(append(frame, 127), uint64(n))
	}
	return append(frame, payload...)
}

// Some messages, and the beginning of an EVENT in each dialect.
var meters = []struct {
	name    string
	dialect wire.Dialect
	first   byte
	event   string
	other   string
}{
	{"WAMP 2 in JSON", wire.WAMP{Serialization: wire.JSON}, 0x81, `[36,1,2,{},["`, `[8,32,1,{},"wamp.error.not_authorized"]`},
	{"WAMP 2 in MessagePack", wire.WAMP{Serialization: wire.MessagePack}, 0x82, "\x95\x24\x01\x02\x80", "\x95\x08\x20\x01\x80"},
	{"WAMP 2 in CBOR", wire.WAMP{Serialization: wire.CBOR}, 0x82, "\x85\x18\x24\x01\x02\xA0", "\x85\x08\x18\x20\x01\xA0"},
	{"WAMP 1", wire.WAMP1{}, 0x81, `[8,"load.fanout","`, `[4,"1","error:generic","no"]`},
	{"the floor", wire.Floor{}, 0x81, `[36,1,2,{},["`, `[8,"x"]`},
}

func TestAMeterCountsTheSameWhereverItsInputIsCut(t *testing.T) {
	for _, m := range meters {
		t.Run(m.name, func(t *testing.T) {
			var received []byte
			for _, size := range []int{1, 130, 2000} {
				received = append(received, serverFrame(m.first, m.event+strings.Repeat("x", size))...)
				received = append(received, serverFrame(0x89, "are you there")...)
				received = append(received, serverFrame(0x8A, "")...)
			}
			for cut := range len(received) {
				meter := m.dialect.Meter()
				first, second := count(t, meter, received[:cut]), count(t, meter, received[cut:])
				if first+second != 3 {
					t.Fatalf("cut at %d: %d and %d events, want 3 together", cut, first, second)
				}
				pongs := meter.(wire.Answerer).AppendAnswers(nil)
				if n := bytes.Count(pongs, []byte("\x8A\x8D\x00\x00\x00\x00are you there")); n != 3 || len(pongs) != 3*19 {
					t.Fatalf("cut at %d: it answers %q, want 3 pongs", cut, pongs)
				}
			}
			meter, events := m.dialect.Meter(), 0
			for i := range received {
				events += count(t, meter, received[i:i+1])
			}
			if events != 3 {
				t.Errorf("byte by byte: %d events, want 3", events)
			}
		})
	}
}

func count(t *testing.T, meter wire.Meter, p []byte) int {
	t.Helper()
	events, err := meter.Count(p)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func TestAMeterCountsOnlyWhatIsComplete(t *testing.T) {
	meter := wire.WAMP{Serialization: wire.JSON}.Meter()
	long := serverFrame(0x81, `[36,1,2,{},["`+strings.Repeat("x", 70_000)+`"]]`)
	if n := count(t, meter, long[:len(long)-1]); n != 0 {
		t.Errorf("%d events before the last byte", n)
	}
	if n := count(t, meter, long[len(long)-1:]); n != 1 {
		t.Errorf("%d events with the last byte, want 1", n)
	}
}

func TestAMessageThatIsNoEventIsAnError(t *testing.T) {
	for _, m := range meters {
		for name, frame := range map[string][]byte{
			"another message": serverFrame(m.first, m.other),
			"a close frame":   serverFrame(0x88, "\x03\xF5too slow"),
			"a fragment":      serverFrame(m.first&0x7F, m.event),
			"compressed":      serverFrame(m.first|0x40, m.event),
		} {
			if events, err := m.dialect.Meter().Count(frame); err == nil {
				t.Errorf("%s: %s counts as %d events", m.name, name, events)
			}
		}
	}
}

func TestCompressedEventsCountIfTheClientHasOfferedCompression(t *testing.T) {
	meter := wire.WAMP{Serialization: wire.JSON, Compression: wire.Compressed}.Meter()
	if n := count(t, meter, serverFrame(0xC1, "whatever it says")); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}

func TestACalleeYieldsToEachInvocationWhereverItIsCut(t *testing.T) {
	for _, c := range []struct {
		serialization wire.Serialization
		first         byte
		invocation    func(id uint32) string
		yield         func(id uint32) string
	}{
		{
			wire.JSON, 0x81,
			func(id uint32) string { return fmt.Sprintf(`[68,%d,7,{},["x"]]`, id) },
			func(id uint32) string { return fmt.Sprintf(`[70,%d,{},["y"]]`, id) },
		},
		{
			wire.MessagePack, 0x82,
			func(id uint32) string { return "\x95\x44\xCE" + bigEndian(id) + "\x07\x80\x91\xA1x" },
			func(id uint32) string { return "\x94\x46\xCF\x00\x00\x00\x00" + bigEndian(id) + "\x80\x91\xA1y" },
		},
		{
			wire.CBOR, 0x82,
			func(id uint32) string { return "\x85\x18\x44\x1A" + bigEndian(id) + "\x07\xA0\x81\x61x" },
			func(id uint32) string { return "\x84\x18\x46\x1B\x00\x00\x00\x00" + bigEndian(id) + "\xA0\x81\x61y" },
		},
	} {
		var received, want []byte
		for _, id := range []uint32{70_000, 70_001} {
			received = append(received, serverFrame(c.first, c.invocation(id))...)
			yield := c.yield(id)
			want = append(want, c.first, 0x80|byte(len(yield)), 0, 0, 0, 0)
			want = append(want, yield...)
		}
		for cut := range len(received) {
			callee := wire.WAMP{Serialization: c.serialization}.Callee([]byte(`"y"`))
			if n := count(t, callee, received[:cut]) + count(t, callee, received[cut:]); n != 2 {
				t.Fatalf("cut at %d: %d invocations, want 2", cut, n)
			}
			if got := callee.(wire.Answerer).AppendAnswers(nil); !bytes.Equal(got, want) {
				t.Fatalf("cut at %d: got\n%q, want\n%q", cut, got, want)
			}
		}
	}
}

func bigEndian(n uint32) string { return string(binary.BigEndian.AppendUint32(nil, n)) }

func TestResponsesAreCountedWhereverTheyAreCut(t *testing.T) {
	one := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n{\r\n\r\n"
	received := []byte(one + one)
	for cut := range len(received) {
		meter := new(wire.Responses)
		if n := count(t, meter, received[:cut]) + count(t, meter, received[cut:]); n != 2 {
			t.Fatalf("cut at %d: %d responses, want 2", cut, n)
		}
	}
}

func TestARefusedRequestIsAnError(t *testing.T) {
	if n, err := new(wire.Responses).Count([]byte("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")); err == nil {
		t.Errorf("it counts as %d responses", n)
	}
}
