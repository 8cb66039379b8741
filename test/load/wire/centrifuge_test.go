package wire_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/test/load/wire"
)

// frame returns an unmasked frame, as servers send.
func frame(opcode byte, payload string) string {
	if len(payload) < 126 {
		return string([]byte{0x80 | opcode, byte(len(payload))}) + payload
	}
	return string([]byte{0x80 | opcode, 126, byte(len(payload) >> 8), byte(len(payload))}) + payload
}

// delimit puts the length of a message, which is less than 128, before it.
func delimit(message string) string { return string([]byte{byte(len(message))}) + message }

const pushJSON = `{"push":{"channel":"com.example.news","pub":{"data":"a {\"push\": in it"}}}`

// Streams that a Centrifuge server may send, with five events.
var (
	streamJSON = frame(1, pushJSON) + frame(1, pushJSON+"\n{}\n"+`{"id":1,"publish":{}}`+"\n"+pushJSON) +
		frame(1, "{}") + frame(9, "ping") + frame(1, pushJSON+"\n"+pushJSON) + frame(1, `{"id":1,"publish":{}}`)
	pushProtobuf   = delimit("\x22\x05\x12\x03abc")
	replyProtobuf  = delimit("\x08\x01\x42\x00")
	longProtobuf   = "\xad\x02\x22\xaa\x02" + strings.Repeat("\x22", 298)
	streamProtobuf = frame(2, pushProtobuf) + frame(2, pushProtobuf+"\x00"+replyProtobuf+longProtobuf) +
		frame(2, "\x00") + frame(2, longProtobuf+pushProtobuf) + frame(2, replyProtobuf)
)

func TestMetersForCentrifugeCountPushesHoweverTheyAreCut(t *testing.T) {
	for _, c := range []struct {
		dialect wire.Dialect
		stream  string
	}{{wire.CentrifugeJSON{}, streamJSON}, {wire.CentrifugeProtobuf{}, streamProtobuf}} {
		t.Run(fmt.Sprintf("%T", c.dialect), func(t *testing.T) { countsHoweverCut(t, c.dialect, c.stream, 5) })
	}
}

// countsHoweverCut feeds the stream to a meter in two pieces of every size, and byte by byte.
func countsHoweverCut(t *testing.T, dialect wire.Dialect, stream string, want int) {
	t.Helper()
	for cut := range len(stream) {
		meter, got := dialect.Meter(), 0
		for _, piece := range []string{stream[:cut], stream[cut:]} {
			got += mustCount(t, meter, piece)
		}
		if got != want {
			t.Fatalf("cut after byte %d: %d events, want %d", cut, got, want)
		}
	}
	meter, got := dialect.Meter(), 0
	for i := range len(stream) {
		got += mustCount(t, meter, stream[i:i+1])
	}
	if got != want {
		t.Errorf("byte by byte: %d events, want %d", got, want)
	}
}

func mustCount(t *testing.T, meter wire.Meter, piece string) int {
	t.Helper()
	events, err := meter.Count([]byte(piece))
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func TestMetersForCentrifugeAnswerEachPingOnce(t *testing.T) {
	for _, c := range []struct {
		dialect      wire.Dialect
		stream, pong string
	}{
		{wire.CentrifugeJSON{}, streamJSON, "\x81\x82\x00\x00\x00\x00{}"},
		{wire.CentrifugeProtobuf{}, streamProtobuf, "\x82\x81\x00\x00\x00\x00\x00"},
	} {
		meter := c.dialect.Meter()
		mustCount(t, meter, c.stream)
		answers := meter.(wire.Answerer)
		if got, want := string(answers.AppendAnswers(nil)), strings.Repeat(c.pong, 2); got != want {
			t.Errorf("%T: answered %q, want %q", c.dialect, got, want)
		}
		if got := answers.AppendAnswers(nil); len(got) > 0 {
			t.Errorf("%T: answered %q a second time", c.dialect, got)
		}
	}
}

func TestMetersForCentrifugeReportErrors(t *testing.T) {
	for _, c := range []struct {
		dialect      wire.Dialect
		stream, want string
	}{
		{wire.CentrifugeJSON{}, frame(1, `{"id":1,"error":{"code":103,"message":"permission denied"}}`), "103"},
		{wire.CentrifugeProtobuf{}, frame(2, delimit("\x08\x01\x12\x02\x08\x67")), "refused"},
		{wire.CentrifugeJSON{}, frame(1, `[36,1,2,{}]`), "expected"},
		{wire.CentrifugeProtobuf{}, frame(2, delimit("no")), "expected"},
		{wire.CentrifugeJSON{}, frame(8, "\x0b\xc4no pong"), "3012"},
		{wire.CentrifugeJSON{}, frame(8, ""), "closed"},
		{wire.CentrifugeJSON{}, "\x01\x02{}", "fragments"},
	} {
		_, err := c.dialect.Meter().Count([]byte(c.stream))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%T: %q gave the error %v, want one with %q", c.dialect, c.stream, err, c.want)
		}
	}
}

func TestAScriptForCentrifugeReportsARefusal(t *testing.T) {
	steps := wire.CentrifugeJSON{}.Script(wire.Client{Role: wire.Subscriber, Topics: []string{"com.example.news"}})
	refusal := []byte(frame(1, `{"id":2,"error":{"code":103,"message":"permission denied"}}`))
	for n := range refusal {
		if consumed, err := steps[2].Answered(refusal[:n]); consumed != 0 || err != nil {
			t.Fatalf("after %d bytes: consumed %d, %v", n, consumed, err)
		}
	}
	if _, err := steps[2].Answered(refusal); err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("got the error %v, want one that quotes the server", err)
	}
}
