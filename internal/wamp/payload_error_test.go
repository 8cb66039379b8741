package wamp_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tidings-io/tidings/internal/alloctest"
	"github.com/tidings-io/tidings/internal/wamp"
)

// flaws are values that no payload may have, with the error's text. The path is that of the value itself.
var flaws = map[wamp.Serialization][]struct{ value, path, want string }{
	wamp.JSON: {
		{`"cut \ud83d"`, "", `has half of a surrogate pair (\ud83d): the text was cut inside a character`},
		{`"\ud83d"`, "", `has half of a surrogate pair (\ud83d): the text was cut inside a character`},
		{`"\udc00 first"`, "", `has half of a surrogate pair (\udc00): the text was cut inside a character`},
		{`"\ude00\ud83d"`, "", `has half of a surrogate pair (\ude00): the text was cut inside a character`},
		{`"\ud83d\ud83d\ude00"`, "", `has half of a surrogate pair (\ud83d): the text was cut inside a character`},
		{`{"\uD83D":1}`, " (a key)", `has half of a surrogate pair (\uD83D): the text was cut inside a character`},
		{`{"a":[{"b c":"\ud83d"}]}`, `.a[0]["b c"]`, `has half of a surrogate pair (\ud83d): the text was cut inside a character`},
		{"\"\xff\"", "", "has a string that is not valid UTF-8"},
		{"\"\xed\xa0\xbd\"", "", "has a string that is not valid UTF-8"},
		{"\"a\nb\"", "", "has a string with a control character that is not escaped"},
		{`"\x41"`, "", "has a string with an escape that JSON does not have"},
		{`"\u12"`, "", "has a string with an escape that JSON does not have"},
		{`1e400`, "", "has a number that no 64-bit float can hold"},
		{`-1e400`, "", "has a number that no 64-bit float can hold"},
		{strings.Repeat("9", 400), "", "has a number that no 64-bit float can hold"},
		{`[1,NaN]`, "[1]", "is NaN, for which JSON has no form"},
		{`-Infinity`, "", "is -Infinity, for which JSON has no form"},
		{`{"a":1,"a":2}`, ".a", "is a key that its dict has twice"},
		{`{"a":1,"\u0061":2}`, ".a", "is a key that its dict has twice"},
		{strings.Repeat("[", 100) + strings.Repeat("]", 100), strings.Repeat("[0]", 39) + "...", "nests deeper than 64 levels"},
	},
	wamp.MessagePack: {
		{"\xa1\xff", "", "has a string that is not valid UTF-8"},
		{"\xd9\x02\xc3\x28", "", "has a string that is not valid UTF-8"},
		{"\x81\xa1\xff\x01", " (a key)", "has a string that is not valid UTF-8"},
		{"\x81\x01\x02", "", "has a map key that is not a string"},
		{"\x81\x91\x01\x02", "", "has a map key that is not a string"},
		{"\x82\xa1a\x01\xa1a\x02", ".a", "is a key that its dict has twice"},
		{"\xd4\x05\x00", "", "has a MessagePack extension of type 5, for which other serializations have no form"},
		{"\x92\x01\xc7\x03\x07abc", "[1]", "has a MessagePack extension of type 7, for which other serializations have no form"},
		{"\xd8\x78" + strings.Repeat("x", 16), "", "has a MessagePack extension of type 120, for which other serializations have no form"},
		{"\xd5\xff\x00\x00", "", "has a time that is malformed, or outside of the range of JavaScript's dates"},
		{"\xd7\xff\xff\xff\xff\xff\xff\xff\xff\xff", "", "has a time that is malformed, or outside of the range of JavaScript's dates"},
		{"\xc7\x0c\xff\x00\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff", "", "has a time that is malformed, or outside of the range of JavaScript's dates"},
		{strings.Repeat("\x91", 100) + "\x90", strings.Repeat("[0]", 39) + "...", "nests deeper than 64 levels"},
	},
	wamp.CBOR: {
		{"\x61\xff", "", "has a string that is not valid UTF-8"},
		{"\x7f\x61\xc3\x61\xa4\xff", "", "has a string that is not valid UTF-8"},
		{"\xa1\x01\x02", "", "has a map key that is not a string"},
		{"\xa1\xc1\x01\x02", "", "has a map key that is not a string"},
		{"\xbf\x61a\x01\x7f\x61a\xff\x02\xff", ".a", "is a key that its dict has twice"},
		{"\xe0", "", "has a CBOR simple value other than false, true, null and undefined (0xe0)"},
		{"\xf8\xff", "", "has a CBOR simple value other than false, true, null and undefined (0xf8)"},
		{strings.Repeat("\x81", 100) + "\x80", strings.Repeat("[0]", 39) + "...", "nests deeper than 64 levels"},
		{strings.Repeat("\x9f", 100) + strings.Repeat("\xff", 100), strings.Repeat("[0]", 39) + "...", "nests deeper than 64 levels"},
		{strings.Repeat("\xc1", 100) + "\x01", "", "nests deeper than 64 levels"},
	},
	wamp.UBJSON: {
		{"SU\x01\xff", "", "has a string that is not valid UTF-8"},
		{"{U\x01\xffZ}", " (a key)", "has a string that is not valid UTF-8"},
		{"{#U\x02U\x01aZU\x01aZ", ".a", "is a key that its dict has twice"},
		{"C\xff", "", "has a UBJSON character above 127"},
		{"HU\x051e400", "", "has a number that no 64-bit float can hold"},
		{"HU\x01x", "", "has a UBJSON high-precision number that is not a number"},
		{"[$I#U\x02\x00\x01\x00\x02", "", "has a UBJSON container with one type for all elements, other than bytes"},
		{"[$Z#l\x7f\xff\xff\xff", "", "has a UBJSON container with one type for all elements, other than bytes"},
		{"[$S#U\x02U\x01aU\x01b", "", "has a UBJSON container with one type for all elements, other than bytes"},
		{"[$[#U\x02U\x01]#U\x01Z", "", "has a UBJSON container with one type for all elements, other than bytes"},
		{"{$i#U\x01U\x01a\x05", "", "has a UBJSON container with one type for all elements, other than bytes"},
		{strings.Repeat("[", 100) + strings.Repeat("]", 100), strings.Repeat("[0]", 39) + "...", "nests deeper than 64 levels"},
		{strings.Repeat("[#U\x01", 100) + "Z", strings.Repeat("[0]", 39) + "...", "nests deeper than 64 levels"},
	},
}

// The bytes around a value that make it an argument or a keyword argument.
var (
	listAround = map[wamp.Serialization][2]string{wamp.JSON: {"[", "]"}, wamp.MessagePack: {"\x91", ""}, wamp.CBOR: {"\x81", ""}, wamp.UBJSON: {"[", "]"}}
	dictAround = map[wamp.Serialization][2]string{wamp.JSON: {`{"k":`, "}"}, wamp.MessagePack: {"\x81\xa1k", ""}, wamp.CBOR: {"\xa1\x61k", ""}, wamp.UBJSON: {"{U\x01k", "}"}}
)

// frameAround returns the frame of a message with payload, with a value as its only argument or keyword argument.
func frameAround(t *testing.T, e wamp.Encoding, m wamp.Message, value string, isKeyword bool) []byte {
	t.Helper()
	head := string(mustAppend(t, e, m))
	args := listAround[e.Serialization()]
	payload := args[0] + value + args[1]
	more := 1
	if isKeyword {
		around := dictAround[e.Serialization()]
		payload = map[wamp.Serialization]string{wamp.JSON: "[],", wamp.MessagePack: "\x90", wamp.CBOR: "\x80", wamp.UBJSON: "[]"}[e.Serialization()] +
			around[0] + value + around[1]
		more = 2
	}
	switch e {
	case wamp.V2JSON:
		return []byte(strings.TrimSuffix(head, "]") + "," + payload + "]")
	case wamp.V2UBJSON:
		return []byte(strings.TrimSuffix(head, "]") + payload + "]")
	default: // the first byte announces the number of elements
		return append([]byte{head[0] + byte(more)}, head[1:]+payload...)
	}
}

var payloadMessages = []wamp.Message{
	&wamp.Publish{Request: 7, Topic: "t"}, &wamp.Call{Request: 7, Procedure: "p"}, &wamp.Yield{Request: 7},
	&wamp.Error{RequestType: wamp.CodeInvocation, Request: 7, Error: "app.error.x"},
	&wamp.Event{Subscription: 7, Publication: 8}, &wamp.Result{Request: 7}, &wamp.Invocation{Request: 7, Registration: 8},
}

func TestAFlawInAPayloadNamesItsPlaceAndLeavesTheMessage(t *testing.T) {
	for _, e := range encodings {
		for _, flaw := range flaws[e.Serialization()] {
			for _, m := range payloadMessages {
				for _, isKeyword := range []bool{false, true} {
					where := "args[0]"
					if isKeyword {
						where = "kwargs.k"
					}
					if strings.HasSuffix(flaw.path, "...") {
						where = where[:strings.IndexAny(where, "[.")] // a long path is cut
					}
					frame := frameAround(t, e, m, flaw.value, isKeyword)
					got, err := e.Decode(frame)
					if !strings.HasPrefix(failure(err), "wamp.error.invalid_argument: "+where) || !strings.HasSuffix(err.Error(), " "+flaw.want) {
						t.Errorf("%s %s %.40q: %v", e.Subprotocol(), m.Code(), flaw.value, err)
						continue
					}
					if !strings.HasSuffix(flaw.path, "...") && err.Error() != "wamp.error.invalid_argument: "+where+flaw.path+" "+flaw.want {
						t.Errorf("%s %s %.40q: %v", e.Subprotocol(), m.Code(), flaw.value, err)
					}
					if _, ok := errors.AsType[*wamp.PayloadError](err); !ok {
						t.Errorf("%s %s: %T is not a PayloadError", e.Subprotocol(), m.Code(), err)
					}
					if a, b := mustAppend(t, e, m), mustAppend(t, e, got); string(a) != string(b) {
						t.Errorf("%s %s: the message is %q, want %q", e.Subprotocol(), m.Code(), b, a)
					}
				}
			}
		}
	}
}

func TestAFlawBeforeABrokenFrameIsAViolation(t *testing.T) {
	for _, e := range encodings {
		for _, flaw := range flaws[e.Serialization()] {
			frame := frameAround(t, e, payloadMessages[0], flaw.value, false)
			for _, broken := range [][]byte{frame[:len(frame)-1], append(frame[:len(frame):len(frame)], 'x')} {
				if m, err := e.Decode(broken); m != nil || !strings.HasPrefix(failure(err), "wamp.error.protocol_violation: ") {
					t.Errorf("%s %.60q: %v, %v", e.Subprotocol(), broken, m, err)
				}
			}
		}
	}
}

func TestTheConversationGoesOnAfterAFlaw(t *testing.T) {
	for _, e := range encodings {
		for _, flaw := range flaws[e.Serialization()] {
			c := wamp.NewConversation(e)
			if _, err := c.Receive(mustAppend(t, e, &wamp.Hello{Realm: "app", Details: wamp.Dict{"roles": wamp.Dict{"caller": wamp.Dict{}}}})); err != nil {
				t.Fatal(err)
			}
			mustSend(t, c, &wamp.Welcome{Session: 1, Details: wamp.Dict{"roles": wamp.Dict{"broker": wamp.Dict{}}}})
			for _, m := range payloadMessages[:4] { // those of clients
				if got, err := c.Receive(frameAround(t, e, m, flaw.value, false)); got == nil || err == nil {
					t.Fatalf("%s %s: %v, %v", e.Subprotocol(), m.Code(), got, err)
				}
				if c.Phase() != wamp.PhaseEstablished {
					t.Fatalf("%s %s: the session is %s", e.Subprotocol(), m.Code(), c.Phase())
				}
			}
			if _, err := c.Receive(mustAppend(t, e, payloadMessages[0])); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Nesting that no goroutine's stack could hold is one error as well, if every level is closed.
func TestAbsurdNestingIsOneError(t *testing.T) {
	const levels = 200_000
	for _, test := range []struct {
		e     wamp.Encoding
		value string
	}{
		{wamp.V2JSON, strings.Repeat("[", levels) + strings.Repeat("]", levels)},
		{wamp.V2JSON, strings.Repeat(`{"a":`, levels) + "1" + strings.Repeat("}", levels)},
		{wamp.V2MessagePack, strings.Repeat("\x91", levels) + "\x90"},
		{wamp.V2MessagePack, strings.Repeat("\x92\x90", levels) + "\x90"},
		{wamp.V2MessagePack, strings.Repeat("\x81\xa1a", levels) + "\x90"},
		{wamp.V2CBOR, strings.Repeat("\x82\x01", levels) + "\x01"},
		{wamp.V2CBOR, strings.Repeat("\x9f", levels) + strings.Repeat("\xff", levels)},
		{wamp.V2CBOR, strings.Repeat("\xc1", levels) + "\x01"},
		{wamp.V2CBOR, strings.Repeat("\xd9\xd9\xf7", levels) + "\x01"},
		{wamp.V2UBJSON, strings.Repeat("[", levels) + strings.Repeat("]", levels)},
		{wamp.V2UBJSON, strings.Repeat("{U\x01a", levels) + "Z" + strings.Repeat("}", levels)},
	} {
		m, err := test.e.Decode(frameAround(t, test.e, payloadMessages[0], test.value, false))
		if m == nil || !strings.HasSuffix(failure(err), "nests deeper than 64 levels") {
			t.Errorf("%s %.20q: %v, %v", test.e.Subprotocol(), test.value, m, err)
		}
		open := test.value[:len(test.value)/3]
		if _, err := test.e.Decode(frameAround(t, test.e, payloadMessages[0], open, false)); !strings.HasPrefix(failure(err), "wamp.error.protocol_violation: ") {
			t.Errorf("%s %.20q without an end: %v", test.e.Subprotocol(), test.value, err)
		}
	}
}

// A sound payload that follows a flawed one of the same message is measured alike: both ways of reading find its end at
// the same byte.
func TestBothWaysOfReadingAPayloadFindTheSameEnd(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		args := lists().Draw(r, "args")
		for _, e := range encodings {
			p := payloadIn(r, []any{args}, e.Serialization())
			sound := listAround[e.Serialization()]
			value := strings.TrimSuffix(strings.TrimPrefix(string(p.Args), sound[0]), sound[1])
			flawed := map[wamp.Serialization]string{
				wamp.JSON: `["\ud83d",` + value + "]", wamp.MessagePack: "\x92\xa1\xff" + value,
				wamp.CBOR: "\x82\x61\xff" + value, wamp.UBJSON: "[SU\x01\xff" + value + "]",
			}[e.Serialization()]
			m, err := e.Decode(frameAround(t, e, payloadMessages[0], flawed, false))
			if _, ok := errors.AsType[*wamp.PayloadError](err); !ok || m == nil {
				r.Fatalf("%s: %q: %v", e.Subprotocol(), flawed, err)
			}
		}
	})
}

// null and empty containers of the other kind stand for empty ones, unless the conversation is strict.
func TestEmptyValuesHaveOtherForms(t *testing.T) {
	empty := map[wamp.Serialization][]string{
		wamp.JSON: {"null", "[]", "{}", "[ ]"}, wamp.MessagePack: {"\xc0", "\x90", "\x80", "\xdc\x00\x00"},
		wamp.CBOR: {"\xf6", "\x80", "\xa0", "\xf7", "\x9f\xff", "\xbf\xff"}, wamp.UBJSON: {"Z", "[]", "{}", "[#U\x00"},
	}
	head := map[wamp.Serialization][2]string{ // [16,7,  and "t",
		wamp.JSON: {"[16,7,", `"t",`}, wamp.MessagePack: {"\x96\x10\x07", "\xa1t"}, wamp.CBOR: {"\x86\x10\x07", "\x61t"}, wamp.UBJSON: {"[U\x10U\x07", "SU\x01t"},
	}
	for _, e := range encodings {
		s := e.Serialization()
		for _, options := range empty[s] {
			for _, args := range empty[s] {
				for _, kwargs := range empty[s] {
					comma, end := "", ""
					switch e {
					case wamp.V2JSON:
						comma, end = ",", "]"
					case wamp.V2UBJSON:
						end = "]"
					}
					frame := head[s][0] + options + comma + head[s][1] + args + comma + kwargs + end
					m, err := e.Decode([]byte(frame))
					if err != nil {
						t.Errorf("%s: %q: %v", e.Subprotocol(), frame, err)
						continue
					}
					if publish := m.(*wamp.Publish); len(publish.Options) > 0 || !publish.Payload.Empty() {
						t.Errorf("%s: %q: %+v", e.Subprotocol(), frame, publish)
					}
				}
			}
		}
	}
	for _, message := range []string{
		`[16,1,[],"t"]`, `[16,1,null,"t"]`, `[16,1,{},"t",null]`, `[16,1,{},"t",{}]`, `[16,1,{},"t",[],[]]`, `[16,1,{},"t",[],null]`,
		`[32,1,[],"t"]`, `[64,1,[],"t"]`, `[49,1,[]]`, `[48,1,[],"t"]`, `[70,1,[]]`, `[8,68,1,[],"e"]`, `[6,[],"r"]`, `[3,[],"r"]`,
	} {
		c := wamp.NewConversation(wamp.V2JSON)
		c.BeStrict()
		if _, err := c.Receive([]byte(`[1,"app",{"roles":{"caller":{}}}]`)); err != nil {
			t.Fatal(err)
		}
		mustSend(t, c, &wamp.Welcome{Session: 1, Details: wamp.Dict{"roles": wamp.Dict{"broker": wamp.Dict{}}}})
		if _, err := c.Receive([]byte(message)); err == nil || !strings.HasPrefix(failure(err), "wamp.error.protocol_violation: ") {
			t.Errorf("strict: %s: %v", message, err)
		}
		if _, err := wamp.V2JSON.Decode([]byte(message)); err != nil {
			t.Errorf("lenient: %s: %v", message, err)
		}
	}
}

// An error costs no more than the frame is worth: a payload that is refused may not be a way to spend memory.
func TestARefusedPayloadTakesLittleMemory(t *testing.T) {
	alloctest.SkipWithRace(t)
	const size = 1 << 20
	for _, test := range []struct {
		e     wamp.Encoding
		value string
	}{
		{wamp.V2JSON, strings.Repeat("[", size)},
		{wamp.V2JSON, `[` + strings.Repeat(`"\ud83d",`, size/9) + `1]`},
		{wamp.V2MessagePack, strings.Repeat("\x92", size)},
		{wamp.V2MessagePack, "\xdd\x00\x04\x00\x00" + strings.Repeat("\xd4\x05\x00", 1<<18)},
		{wamp.V2MessagePack, "\xdd\x00\x02\x00\x00" + strings.Repeat("\xd6\xff\x00\x00\x00\x00", 1<<17)},
		{wamp.V2CBOR, strings.Repeat("\x9f", size)},
		{wamp.V2CBOR, strings.Repeat("\xc1", size)},
		{wamp.V2UBJSON, strings.Repeat("[", size)},
	} {
		frame := frameAround(t, test.e, payloadMessages[0], test.value, false)
		taken := alloctest.Bytes(func() { _, _ = test.e.Decode(frame) })
		if most := 16 * len(frame); taken > most {
			t.Errorf("%s %.12q: %d bytes of memory for %d bytes", test.e.Subprotocol(), test.value, taken, len(frame))
		}
	}
}

func TestTimestampsOfMessagePackBecomeText(t *testing.T) {
	for value, want := range map[string]string{
		"\xd6\xff\x00\x00\x00\x00":                                     "1970-01-01T00:00:00.000Z",
		"\xd6\xff\xff\xff\xff\xff":                                     "2106-02-07T06:28:15.000Z",
		"\xd7\xff\x1d\x53\x53\x00\x51\x4b\x67\xb0":                     "2013-03-21T20:04:00.123Z",
		"\xd7\xff\x00\x00\x0f\xa0\x51\x4b\x67\xb0":                     "2013-03-21T20:04:00.000001Z",
		"\xd7\xff\x00\x00\x00\x04\x51\x4b\x67\xb0":                     "2013-03-21T20:04:00.000000001Z",
		"\xc7\x0c\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff": "1969-12-31T23:59:59.000Z",
		"\xc7\x0c\xff\x00\x00\x00\x00\x00\x00\x07\xdb\xa8\x21\x80\x00": "+275760-09-13T00:00:00.000Z",
		"\xc7\x0c\xff\x00\x00\x00\x00\xff\xff\xf8\x24\x57\xde\x80\x00": "-271821-04-20T00:00:00.000Z",
		"\xd4\x00\x00":                      "",
		"\x81\xa1d\xd6\xff\x00\x00\x00\x00": "map",
		"\xc7\x04\xff\x00\x00\x00\x00":      "1970-01-01T00:00:00.000Z",
		"\xc8\x00\x04\xff\x00\x00\x00\x00":  "1970-01-01T00:00:00.000Z",
		"\xc9\x00\x00\x00\x0c\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00": "1970-01-01T00:00:00.000Z",
	} {
		m, err := wamp.V2MessagePack.Decode(frameAround(t, wamp.V2MessagePack, payloadMessages[0], value, false))
		if err != nil {
			t.Errorf("%x: %v", value, err)
			continue
		}
		quoted := fmt.Sprintf(`[%q]`, want)
		switch want {
		case "":
			quoted = "[null]"
		case "map":
			quoted = `[{"d":"1970-01-01T00:00:00.000Z"}]`
		}
		got, err := m.(*wamp.Publish).Payload.In(wamp.JSON)
		if err != nil || string(got.Args) != quoted {
			t.Errorf("%x: %s, %v, want %s", value, got.Args, err, quoted)
		}
	}
}

// Tags of CBOR as cbor2 for Python and the packers of JavaScript write them.
func TestTagsOfCBORBecomeNumbersAndText(t *testing.T) {
	for value, want := range map[string]string{
		"\xc0\x74" + "2013-03-21T20:04:00Z":        `"2013-03-21T20:04:00Z"`,
		"\xc1\x1a\x51\x4b\x67\xb0":                 `"2013-03-21T20:04:00.000Z"`,
		"\xc1\xfb\x41\xd4\x52\xd9\xec\x20\x00\x00": `"2013-03-21T20:04:00.500Z"`,
		"\xc1\x20":         `"1969-12-31T23:59:59.000Z"`,
		"\xc1\xf9\xb8\x00": `"1969-12-31T23:59:59.500Z"`,
		"\xc2\x41\x05":     `5`,
		"\xc2\x40":         `0`,
		"\xc2\x48\x7f\xff\xff\xff\xff\xff\xff\xff":                 `9223372036854775807`,
		"\xc2\x48\xff\xff\xff\xff\xff\xff\xff\xff":                 `18446744073709551615`,
		"\xc2\x4a\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff":         `18446744073709551615`,
		"\xc3\x48\x7f\xff\xff\xff\xff\xff\xff\xff":                 `-9223372036854775808`,
		"\xc3\x48\x80\x00\x00\x00\x00\x00\x00\x00":                 `"-9223372036854775809"`,
		"\xc2\x49\x01\x00\x00\x00\x00\x00\x00\x00\x00":             `"18446744073709551616"`,
		"\xc4\x82\x21\x19\x6a\xb3":                                 `"273.15"`,
		"\xc4\x82\x22\x01":                                         `"0.001"`,
		"\xc4\x82\x26\x01":                                         `"1E-7"`,
		"\xc4\x82\x02\x18\x7b":                                     `"1.23E+4"`,
		"\xc4\x82\x00\x20":                                         `"-1"`,
		"\xc4\x82\x21\xc2\x49\x01\x00\x00\x00\x00\x00\x00\x00\x00": `"184467440737095516.16"`,
		"\xc4\x9f\x21\x19\x6a\xb3\xff":                             `"273.15"`,
		"\xc4\x82\x1a\x00\x0f\x42\x40\x01":                         `"1E+1000000"`,
		"\xc5\x82\x20\x03":                                         `"1.5"`,
		"\xd8\x25\x50" + "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff": `"00112233-4455-6677-8899-aabbccddeeff"`,
		"\xd8\x40\x42\x01\x02":            `"\u0000AQI="`,
		"\xd9\xd9\xf7\x01":                `1`,
		"\xd9\xd9\xf7\xc1\x00":            `"1970-01-01T00:00:00.000Z"`,
		"\xd8\x20\x68" + "http://a":       `"http://a"`,
		"\xd9\x03\xec\x6a" + "2013-03-21": `"2013-03-21"`,
		"\xf7":                            `null`,
		"\xf9\x3c\x00":                    `1.0`,
		"\xf9\x7e\x00":                    `null`,
		// These have no form.
		"\xd9\x01\x02\x81\x01": "has a CBOR tag, for which other serializations have no form (258)",
		"\xc1\x61a":            `"a"`,
		"\xc1\xf9\x7e\x00":     "has a time that is malformed, or outside of the range of JavaScript's dates",
		"\xc1\x1b\x7f\xff\xff\xff\xff\xff\xff\xff":   "has a time that is malformed, or outside of the range of JavaScript's dates",
		"\xc2\x58\x81" + strings.Repeat("\xff", 129): "has a CBOR number of more than 128 bytes",
		"\xc4\x82\x1a\x00\x0f\x42\x41\x01":           "has a CBOR number with an exponent above 1000000",
		"\xc4\x81\x01":                               "has a CBOR tag, for which other serializations have no form",
		"\xc4\x83\x01\x01\x01":                       "has a CBOR tag, for which other serializations have no form",
		"\xc4\x01":                                   "has a CBOR tag, for which other serializations have no form (4)",
		"\xc5\x82\x19\x07\xd0\x01":                   "has a CBOR number that no 64-bit float can hold",
		"\xc5\x82\x39\x07\xd0\x01":                   "has a CBOR number that no 64-bit float can hold",
		"\xd8\x25\x41\x00":                           "has a CBOR tag, for which other serializations have no form (37)",
		"\xd8\x40\x01":                               "has a CBOR tag, for which other serializations have no form (64)",
		"\xc1\xc1\x01":                               "has a CBOR tag, for which other serializations have no form",
	} {
		frame := frameAround(t, wamp.V2CBOR, payloadMessages[0], "\xa1\x61k"+value, false)
		m, err := wamp.V2CBOR.Decode(frame)
		if err != nil {
			t.Errorf("%x: %v", value, err)
			continue
		}
		if again := mustAppend(t, wamp.V2CBOR, m); string(again) != string(frame) {
			t.Errorf("%x does not reach CBOR as it is: %x", value, again)
		}
		in, err := m.(*wamp.Publish).Payload.In(wamp.JSON)
		if strings.HasPrefix(want, "has ") {
			want = "transcode from cbor to json: args[0].k " + want
			if err == nil || err.Error() != want {
				t.Errorf("%x: %s, %v, want %s", value, in.Args, err, want)
			}
			continue
		}
		if want = `[{"k":` + want + `}]`; err != nil || string(in.Args) != want {
			t.Errorf("%x: %s, %v, want %s", value, in.Args, err, want)
		}
	}
}

func TestATagOfTheWholePartIsAFlaw(t *testing.T) {
	for _, frame := range []string{"\x85\x10\x07\xa0\x61t\xd9\xd9\xf7\x81\x01", "\x86\x10\x07\xa0\x61t\x80\xc1\xa1\x61k\x01"} {
		m, err := wamp.V2CBOR.Decode([]byte(frame))
		if m == nil || !strings.HasSuffix(failure(err), "has a CBOR tag of its own") {
			t.Errorf("%x: %v, %v", frame, m, err)
		}
	}
}
