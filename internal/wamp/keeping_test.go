package wamp_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/internal/wamp"
)

// clientFrames are the messages with Options, Details or Extra that a client sends, with a place for entries.
var clientFrames = map[wamp.Code]string{
	wamp.CodeHello:        `[1,"app",{"roles":{"caller":{}}%s}]`,
	wamp.CodeAuthenticate: `[5,"s",{"nonce":"n"%s}]`,
	wamp.CodeAbort:        `[3,{"message":"m"%s},"r"]`,
	wamp.CodeGoodbye:      `[6,{"message":"m"%s},"r"]`,
	wamp.CodeError:        `[8,68,1,{"transaction_hash":"h"%s},"e",[1]]`,
	wamp.CodePublish:      `[16,1,{"acknowledge":true%s},"t",[1]]`,
	wamp.CodeSubscribe:    `[32,1,{"match":"prefix"%s},"t"]`,
	wamp.CodeCall:         `[48,1,{"timeout":1%s},"p",[1]]`,
	wamp.CodeCancel:       `[49,1,{"mode":"skip"%s}]`,
	wamp.CodeRegister:     `[64,1,{"match":"prefix"%s},"p"]`,
	wamp.CodeYield:        `[70,1,{"progress":true%s},[1]]`,
}

// receivedAs sends the frame of a message to a conversation that is in the right phase, and returns what the router gets
// as JSON.
func receivedAs(t *testing.T, e wamp.Encoding, code wamp.Code, text string) (string, error) {
	t.Helper()
	m, err := conversationIn(t, e, phaseFor(code)).Receive(encoded(t, e, text))
	if err != nil {
		return "", err
	}
	return asJSON(t, m), nil
}

func TestNullIsAbsentForEveryOption(t *testing.T) {
	for code, keys := range wamp.KnownOptions() {
		format, ok := clientFrames[code]
		if !ok {
			t.Fatalf("the test has no %s", code)
		}
		for _, e := range encodings {
			want, err := receivedAs(t, e, code, fmt.Sprintf(format, ""))
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range keys {
				if strings.Contains(format, fmt.Sprintf("%q", key)) {
					continue
				}
				got, err := receivedAs(t, e, code, fmt.Sprintf(format, fmt.Sprintf(",%q:null", key)))
				if err != nil || got != want {
					t.Errorf("%s, %s with %s null: %s, %v; without it %s", e.Subprotocol(), code, key, got, err, want)
				}
			}
		}
	}
	for _, roles := range []string{
		`{"caller":{},"callee":null}`, `{"caller":{"features":null}}`, `{"caller":{"features":{"call_timeout":null}}}`,
	} {
		if _, err := receivedAs(t, wamp.V2JSON, wamp.CodeHello, `[1,"app",{"roles":`+roles+`}]`); err != nil {
			t.Errorf("roles %s: %v", roles, err)
		}
	}
	for _, roles := range []string{`null`, `{"caller":null}`} {
		if _, err := receivedAs(t, wamp.V2JSON, wamp.CodeHello, `[1,"app",{"roles":`+roles+`}]`); err == nil {
			t.Errorf("a HELLO with the roles %s is accepted", roles)
		}
	}
}

// A server makes no values of what it does not know, but checks it.
func TestUnknownOptionsAreCheckedAndSkipped(t *testing.T) {
	for code, format := range clientFrames {
		for _, e := range encodings {
			want, err := receivedAs(t, e, code, fmt.Sprintf(format, ""))
			if err != nil {
				t.Fatal(err)
			}
			got, err := receivedAs(t, e, code, fmt.Sprintf(format, `,"_x":[{"a":1,"b":[null,true,1.5,"é"]}],"transport":{"auth":{}}`))
			if err != nil || got != want {
				t.Errorf("%s, %s: %s, %v; without them %s", e.Subprotocol(), code, got, err, want)
			}
		}
	}
	for name, bad := range map[string]string{
		"the same key twice":           `,"x":1,"x":1`,
		"the same key, null at first":  `,"ppt_scheme":null,"ppt_scheme":"x_own"`,
		"the same key, null after it":  `,"ppt_scheme":"x_own","ppt_scheme":null`,
		"the same key within a value":  `,"x":{"y":1,"y":1}`,
		"the same of a hundred keys":   "," + many(100, func(i int) string { return fmt.Sprintf(`"x%d":0`, i) }) + `,"x5":0`,
		"the same within a wide value": `,"x":{` + many(1000, func(i int) string { return fmt.Sprintf(`"x%d":0`, i) }) + `,"x5":0}`,
		"a value that nests too deep":  `,"x":` + strings.Repeat("[", wamp.MaxDepth) + strings.Repeat("]", wamp.MaxDepth),
		"a value that is not complete": `,"x":[`,
	} {
		for code, format := range clientFrames {
			if code == wamp.CodeSubscribe && strings.Contains(bad, "ppt") {
				continue
			}
			_, err := conversationIn(t, wamp.V2JSON, phaseFor(code)).Receive(fmt.Appendf(nil, format, bad))
			if err == nil {
				t.Errorf("%s: %s is accepted", code, name)
			}
		}
	}
}

// phaseFor returns the phase in which a client sends the message.
func phaseFor(code wamp.Code) wamp.Phase {
	if code == wamp.CodeHello {
		return wamp.PhaseOpening
	}
	if code == wamp.CodeAuthenticate {
		return wamp.PhaseChallenging
	}
	return wamp.PhaseEstablished
}

func TestTheValuesOfAHelloAreLimited(t *testing.T) {
	features := func(n int) string {
		return "{" + many(n, func(i int) string { return fmt.Sprintf(`"feature_number_%d":true`, i) }) + "}"
	}
	roles := "{" + many(4, func(i int) string {
		return fmt.Sprintf(`%q:{"features":%s}`, []string{"publisher", "subscriber", "caller", "callee"}[i], features(20))
	}) + "}"
	for _, e := range encodings {
		if _, err := receivedAs(t, e, wamp.CodeHello, `[1,"app",{"roles":`+roles+`,"authextra":`+features(30)+`}]`); err != nil {
			t.Errorf("%s: a HELLO with many features is refused: %v", e.Subprotocol(), err)
		}
		for _, more := range []string{`[` + many(500, all("1")) + `]`, `[` + many(26, all(`{"":0}`)) + `]`, features(500)} {
			_, err := receivedAs(t, e, wamp.CodeHello, `[1,"app",{"roles":{"caller":{}},"authextra":{"x":`+more+`}}]`)
			if err == nil || !strings.Contains(err.Error(), "HELLO: has more than 500 values, where a dict counts as 20") {
				t.Errorf("%s: %d bytes of authextra: %v", e.Subprotocol(), len(more), err)
			}
		}
	}
}

func TestALongListOfReceiversIsCut(t *testing.T) {
	for _, e := range append([]wamp.Encoding{wamp.V1JSON}, encodings...) {
		for n, want := range map[int]int{0: 0, 9: 9, 10: 10, 11: 11, 12: 11, 5000: 11} {
			frame := `[16,1,{"eligible":[` + many(n, all("7")) + `]},"t"]`
			if e == wamp.V1JSON {
				frame = `[7,"t","e",[],[` + many(n, all(`"7"`)) + `]]`
			}
			c := conversationIn(t, e, wamp.PhaseEstablished)
			c.LimitReceivers(10)
			m, err := c.Receive(encoded(t, e, frame))
			if err != nil {
				t.Fatal(err)
			}
			ids, given := m.(*wamp.Publish).Options.IDs("eligible")
			if given == (e == wamp.V1JSON && n == 0) || len(ids) != want {
				t.Errorf("%s: %d of %d receivers are kept, must be %d", e.Subprotocol(), len(ids), n, want)
			}
		}
	}
	// Ids that no session can have are dropped in version 1, but count.
	c := conversationIn(t, wamp.V1JSON, wamp.PhaseEstablished)
	c.LimitReceivers(10)
	m, err := c.Receive([]byte(`[7,"t","e",[` + many(11, all(`"x"`)) + `]]`))
	if err != nil {
		t.Fatal(err)
	}
	if ids, _ := m.(*wamp.Publish).Options.IDs("exclude"); len(ids) != 11 {
		t.Errorf("%d ids of 11", len(ids))
	}
}

func TestTheFirstTextOfAPayload(t *testing.T) {
	for args, want := range map[string]string{
		`["text",1]`: "text", `["\u00e9"]`: "é", `[]`: "-", `[1,"x"]`: "-", `[["x"]]`: "-", `[null]`: "-", ``: "-", `["\u0000AQI="]`: "-",
	} {
		p, err := wamp.PayloadFromJSON(orNil(args), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range serializations {
			in, err := p.In(s)
			if err != nil {
				t.Fatal(err)
			}
			text, ok := in.FirstText()
			if !ok {
				text = "-"
			}
			if text != want {
				t.Errorf("%s in %s: %q", args, s, text)
			}
		}
	}
}

func TestArgumentsAreReadByTheirNames(t *testing.T) {
	p, err := wamp.PayloadFromJSON([]byte(`[1,null,[{"":null}]]`), []byte(`{"b":2,"d":{"x":1},"e":null,"raw":[1,2],"a":9}`))
	if err != nil {
		t.Fatal(err)
	}
	of := wamp.Parameters{Names: []string{"a", "b", "first"}, Raw: []string{"raw", "first"}}
	for _, s := range serializations {
		in, err := p.In(s)
		if err != nil {
			t.Fatal(err)
		}
		given, positional, err := in.Arguments(of)
		if err != nil || positional != 3 {
			t.Fatalf("%s: %d, %v", s, positional, err)
		}
		for _, name := range []string{"raw", "first"} {
			if raw, ok := given[name].(wamp.Raw); !ok || !raw.IsList() || raw.IsDict() {
				t.Errorf("%s: %s is %v", s, name, given[name])
			}
			delete(given, name)
		}
		if diff := cmp.Diff(wamp.Dict{"a": int64(1), "d": wamp.Dict{"x": int64(1)}}, given); diff != "" {
			t.Errorf("%s: %s", s, diff)
		}
	}
	many := wamp.Payload{Args: []byte(`[[` + many(1000, all("1")) + `]]`), Kwargs: []byte(`{"x":1}`)}
	if _, _, err := many.Arguments(of); err == nil || !strings.Contains(err.Error(), "more than 1000 values") {
		t.Errorf("1001 values: %v", err)
	}
	many.Kwargs = nil
	if _, n, err := many.Arguments(wamp.Parameters{}); err != nil || n != 1 {
		t.Errorf("values that have no name: %d, %v", n, err)
	}
	for _, bad := range []wamp.Payload{{Kwargs: []byte(`[1]`)}, {Kwargs: []byte(`{"a":1,"a":2}`)}, {Args: []byte(`[1`)}} {
		if given, _, err := bad.Arguments(of); err == nil {
			t.Errorf("%s %s: %v", bad.Args, bad.Kwargs, given)
		}
	}
}

func TestAPublishOfEncodedPartsIsChecked(t *testing.T) {
	p, err := wamp.PayloadFromJSON([]byte(`[{"eligible":[1,2],"x":1},[1],{"k":2},{"eligible":3}]`), nil)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"options", "args", "kwargs", "bad"}
	for _, s := range serializations {
		in, err := p.In(s)
		if err != nil {
			t.Fatal(err)
		}
		given, _, err := in.Arguments(wamp.Parameters{Names: names, Raw: names})
		if err != nil {
			t.Fatal(err)
		}
		part := func(name string) wamp.Raw { return given[name].(wamp.Raw) }
		m, err := wamp.NewPublish("t", part("options"), part("args"), part("kwargs"))
		if err != nil || asJSON(t, m) != `PUBLISH [16,1,{"eligible":[1,2]},"t",[1],{"k":2}]` {
			t.Errorf("%s: %v, %v", s, m, err)
		}
		if m, err := wamp.NewPublish("t", part("bad"), wamp.Raw{}, wamp.Raw{}); err == nil {
			t.Errorf("%s: %v", s, m)
		}
		if m, err = wamp.NewPublish("t", wamp.Raw{}, wamp.Raw{}, part("kwargs")); err != nil || asJSON(t, m) != `PUBLISH [16,1,{},"t",[],{"k":2}]` {
			t.Errorf("%s: %v, %v", s, m, err)
		}
	}
}

func TestDuplicateKeysAreFoundAmongVeryMany(t *testing.T) {
	const n = 100_000
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf(`"%x":0`, i)
	}
	frame := func(keys []string) []byte { return []byte(`[16,1,{},"t",[{` + strings.Join(keys, ",") + `}]]`) }
	if _, err := wamp.V2JSON.Decode(frame(keys)); err != nil {
		t.Fatalf("%d different keys: %v", n, err)
	}
	for _, again := range []int{0, 50, 70, n / 2, n - 1} {
		if _, err := wamp.V2JSON.Decode(frame(append(slices.Clone(keys), keys[again]))); err == nil {
			t.Errorf("the key %s comes twice and is accepted", keys[again])
		}
	}
}
