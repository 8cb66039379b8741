package wamp_test

import (
	"bytes"
	"compress/flate"
	"fmt"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/alloctest"
	"github.com/tidings-io/tidings/internal/wamp"
)

// conversationIn returns a conversation in the phase.
func conversationIn(t *testing.T, e wamp.Encoding, phase wamp.Phase) *wamp.Conversation {
	t.Helper()
	c := wamp.NewConversation(e)
	if c.Open() == nil && phase != wamp.PhaseOpening {
		if _, err := c.Receive(encoded(t, e, `[1,"app",{"roles":{"caller":{}}}]`)); err != nil {
			t.Fatal(err)
		}
	}
	if phase == wamp.PhaseChallenging {
		mustSend(t, c, &wamp.Challenge{Method: "ticket"})
	}
	if phase == wamp.PhaseEstablished {
		mustSend(t, c, &wamp.Welcome{Session: 1, Details: wamp.Dict{"roles": wamp.Dict{"broker": wamp.Dict(nil)}}})
	}
	if c.Phase() != phase {
		t.Fatalf("the conversation is %s", c.Phase())
	}
	return c
}

// encoded returns a list or a dict that is written as JSON, in another serialization. It need not be a message.
func encoded(t *testing.T, e wamp.Encoding, text string) []byte {
	t.Helper()
	var list, dict []byte
	if strings.HasPrefix(text, "[") {
		list = []byte(text)
	} else {
		dict = []byte(text)
	}
	p, err := wamp.PayloadFromJSON(list, dict)
	if err == nil {
		p, err = p.In(e.Serialization())
	}
	if err != nil {
		t.Fatal(err)
	}
	return append(p.Args, p.Kwargs...)
}

// filled returns a frame of about size bytes, in which as many values of a kind stand as fit.
func filled(t *testing.T, e wamp.Encoding, size int, format string, values func(n int) string) []byte {
	t.Helper()
	const sample = 200
	few := encoded(t, e, fmt.Sprintf(format, values(sample)))
	for n := sample * size / len(few); ; n = n * 9 / 10 { // later values may be longer
		if frame := encoded(t, e, fmt.Sprintf(format, values(n))); len(frame) <= size {
			return frame
		}
	}
}

// deflated returns how many bytes a frame has if it is compressed as well as can be.
func deflated(t *testing.T, frame []byte) int {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(frame); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Len()
}

// many returns n times what item returns, with commas between.
func many(n int, item func(i int) string) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(item(i))
	}
	return b.String()
}

func all(text string) func(int) string { return func(int) string { return text } }

// dense are values of few bytes that stand for much in Go. Each returns about n values.
var dense = map[string]func(n int) string{
	"list of dicts":          func(n int) string { return "[" + many(n, all(`{"":null}`)) + "]" },
	"list of lists":          func(n int) string { return "[" + many(n, all(`[0]`)) + "]" },
	"list of integers":       func(n int) string { return "[" + many(n, all(`1`)) + "]" },
	"list of strings":        func(n int) string { return "[" + many(n, all(`"ab"`)) + "]" },
	"list of empty strings":  func(n int) string { return "[" + many(n, all(`""`)) + "]" },
	"list of distinct names": func(n int) string { return "[" + many(n, func(i int) string { return fmt.Sprintf(`"%x"`, i) }) + "]" },
	"dict of many keys": func(n int) string {
		return "{" + many(n, func(i int) string { return fmt.Sprintf(`"%x":null`, i) }) + "}"
	},
	"list of wide dicts": func(n int) string {
		wide := "{" + many(65, func(i int) string { return fmt.Sprintf(`"%x":0`, i) }) + "}"
		return "[" + many(n/65+1, all(wide)) + "]"
	},
	"nested dicts": func(n int) string {
		deep := strings.Repeat(`{"":`, wamp.MaxDepth-8) + "0" + strings.Repeat("}", wamp.MaxDepth-8)
		return "[" + many(n/wamp.MaxDepth+1, all(deep)) + "]"
	},
}

// Before a client has joined, no frame makes the server allocate more than 64 KiB for each KiB that was sent, in any
// serialization, however the client compresses it. Compression hides at most the 16 KiB of limits.handshake_bytes.
func TestAFrameOfAStrangerCostsLittle(t *testing.T) {
	alloctest.SkipWithRace(t)
	const frameBytes, most = 16 << 10, 64 // bytes for each that was sent
	keys := map[wamp.Phase][]string{
		wamp.PhaseOpening: {
			`[1,"app",{"roles":{"caller":{}},"x":%s}]`, `[1,"app",{"roles":{"caller":{}},"authextra":%s}]`,
			`[1,"app",{"roles":{"caller":{}},"authextra":{"a":%s}}]`, `[1,"app",{"roles":{"caller":{}},"authmethods":%s}]`,
			`[1,"app",{"roles":{"caller":{}},"_tab":%s}]`, `[1,"app",{"roles":{"caller":{}},"agent":%s}]`,
			`[1,"app",{"roles":{"caller":{"features":%s}}}]`, `[1,"app",{"roles":%s}]`, `[1,"app",%s]`, `[1,%s]`, `%s`,
			`[16,1,{"x":%s},"t"]`, `[16,1,{},"t",%s]`, `[3,{"x":%s},"r"]`,
		},
		wamp.PhaseChallenging: {`[5,"s",{"x":%s}]`, `[5,"s",{"nonce":%s}]`, `[5,"s",%s]`, `[3,{"message":%s},"r"]`},
	}
	for _, e := range encodings {
		for phase, frames := range keys {
			for _, format := range frames {
				for name, value := range dense {
					frame := filled(t, e, frameBytes, format, value)
					got := alloctest.WarmBytes(func() {
						c := conversationIn(t, e, phase)
						_, _ = c.Receive(frame) // most are refused
					})
					got -= alloctest.WarmBytes(func() { conversationIn(t, e, phase) })
					if got <= most<<10 {
						continue
					}
					if sent := max(deflated(t, frame), 1<<10); got > most*sent {
						t.Errorf("%s, %s: %d bytes of %s with a %s, sent as %d, allocate %d bytes, %d are allowed",
							e.Subprotocol(), phase, len(frame), format, name, sent, got, most*sent)
					}
				}
			}
		}
	}
}

// After a client has joined, no frame costs more than 16 times what an ordinary message of the same length costs, in any
// version and serialization.
func TestAFrameOfAMemberCostsLittleMoreThanAnother(t *testing.T) {
	alloctest.SkipWithRace(t)
	version2 := []string{
		`[16,1,{"x":%s},"t"]`, `[16,1,{"exclude":%s},"t"]`, `[16,1,{"eligible_authid":%s},"t"]`, `[16,1,{"forward_for":%s},"t"]`,
		`[16,1,{},"t",%s]`, `[16,1,{"x":{"y":%s}},"t"]`, `[16,1,{"acknowledge":%s},"t"]`,
		`[16,1,{"exclude_authrole":%s,"eligible":[1]},"t"]`, `[16,1,{"ppt_scheme":%s},"t"]`, `[16,1,{},"t",[],{"x":%s}]`, `[16,1,%s]`, `[16,%s]`, `%s`,
		`[48,1,{"x":%s},"p"]`, `[48,1,{"timeout":%s},"p"]`, `[48,1,{},"p",%s]`, `[49,1,{"mode":%s}]`,
		`[32,1,{"x":%s},"t"]`, `[32,1,{"match":%s},"t"]`, `[64,1,{"x":%s},"p"]`, `[64,1,{"invoke":%s},"p"]`,
		`[70,1,{"x":%s}]`, `[70,1,{},%s]`, `[8,68,1,{"x":%s},"e"]`, `[8,68,1,{},"e",%s]`, `[6,{"x":%s},"r"]`, `[6,{"message":%s},"r"]`,
		`[1,"app",{"roles":{"caller":{}},"authextra":%s}]`,
	}
	version1 := []string{
		`[7,"t",%s]`, `[7,"t",0,%s]`, `[7,"t",0,[],%s]`, `[2,"c","p",%s]`, `[2,%s,"p"]`, `[5,"t",%s]`, `[5,%s]`, `[1,"p",%s]`, `%s`,
	}
	for _, e := range append([]wamp.Encoding{wamp.V1JSON}, encodings...) {
		frames := version2
		if e == wamp.V1JSON {
			frames = version1
		}
		compareCosts(t, e, 1<<10, frames)
		compareCosts(t, e, 64<<10, frames[:5])
	}
}

// compareCosts compares frames of about size bytes with an ordinary PUBLISH of that size.
func compareCosts(t *testing.T, e wamp.Encoding, size int, frames []string) {
	t.Helper()
	const most = 16
	receive := func(frame []byte) int {
		c := conversationIn(t, e, wamp.PhaseEstablished)
		return alloctest.Bytes(func() { _, _ = c.Receive(frame) }) // some are refused
	}
	publish := `[16,1,{},"t",["%s"]]`
	if e == wamp.V1JSON {
		publish = `[7,"t",["%s"]]`
	}
	ordinary := receive(encoded(t, e, fmt.Sprintf(publish, strings.Repeat("x", size))))
	for _, format := range frames {
		for name, value := range dense {
			frame := filled(t, e, size, format, value)
			if got := receive(frame); got > most*ordinary {
				t.Errorf("%s: %d bytes of %s with a %s allocate %d bytes, %d times the %d of an ordinary message",
					e.Subprotocol(), len(frame), format, name, got, got/ordinary, ordinary)
			}
		}
	}
}
