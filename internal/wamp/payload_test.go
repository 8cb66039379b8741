package wamp_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/wamp"
)

func TestNewPayloadEncodesGoValuesAsJSON(t *testing.T) {
	type order struct {
		ID   int    `json:"id"`
		Note string `json:"note"`
	}
	p, err := wamp.NewPayload(
		[]any{1, 1.0, "<ä>", []byte{1, 2}, order{7, "x"}, json.RawMessage(`[1.0]`), wamp.ID(5), nil, uint64(math.MaxUint64)},
		wamp.Dict{"b": []any{}, "a": wamp.Dict{"d": []byte{}, "c": math.NaN()}},
	)
	if err != nil {
		t.Fatal(err)
	}
	const args = `[1,1.0,"<ä>","\u0000AQI=",{"id":7,"note":"x"},[1.0],5,null,18446744073709551615]`
	const kwargs = `{"a":{"c":null,"d":"\u0000"},"b":[]}`
	if string(p.Args) != args || string(p.Kwargs) != kwargs {
		t.Errorf("args %s\nkwargs %s", p.Args, p.Kwargs)
	}
	for name, args := range map[string][]any{
		"no JSON":     {make(chan int)},
		"no UTF-8":    {"\xff"},
		"bad raw":     {json.RawMessage(`{"a":1,"a":2}`)},
		"cannot say":  {math.Inf(1), func() {}},
		"far too low": {json.RawMessage(strings.Repeat("[", wamp.MaxDepth) + strings.Repeat("]", wamp.MaxDepth))},
	} {
		if p, err := wamp.NewPayload(args, nil); err == nil {
			t.Errorf("%s: %s", name, p.Args)
		}
	}
}

func TestAPayloadFromJSONIsCheckedLikeAFrame(t *testing.T) {
	for _, test := range []struct{ args, kwargs, wantArgs, wantKwargs string }{
		{"", "", "", ""},
		{" [ 1 , 2 ] ", "", "[ 1 , 2 ]", ""},
		{"[]", "{ }", "", ""},
		{"[\n]", `{"a":1}`, "", `{"a":1}`},
		{"[[]]", "", "[[]]", ""},
	} {
		p, err := wamp.PayloadFromJSON(orNil(test.args), orNil(test.kwargs))
		if err != nil || string(p.Args) != test.wantArgs || string(p.Kwargs) != test.wantKwargs || p.Empty() != (p.Args == nil && p.Kwargs == nil) {
			t.Errorf("%q %q: %q %q %v", test.args, test.kwargs, p.Args, p.Kwargs, err)
		}
	}
	deep := strings.Repeat("[", wamp.MaxDepth) + strings.Repeat("]", wamp.MaxDepth)
	for _, args := range []string{"{}", "1", "null", "[", "[1,]", "[1] x", `["\ud800"]`, "[\"\xff\"]", `[{"a":1,"a":1}]`, "[1e999]", " ", deep} {
		if p, err := wamp.PayloadFromJSON([]byte(args), nil); err == nil {
			t.Errorf("args %q became %q", args, p.Args)
		}
	}
	for _, kwargs := range []string{"[]", "1", "null", "{", `{"a":1,"a":1}`} {
		if p, err := wamp.PayloadFromJSON(nil, []byte(kwargs)); err == nil {
			t.Errorf("kwargs %q became %q", kwargs, p.Kwargs)
		}
	}
	if _, err := wamp.PayloadFromJSON([]byte(deep[1:len(deep)-1]), nil); err != nil {
		t.Errorf("as deep as a frame allows: %v", err)
	}
}

func orNil(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(s)
}

func TestPayloadValueIsOneJSONValue(t *testing.T) {
	for _, test := range []struct{ args, kwargs, want string }{
		{"", "", `null`},
		{`[null]`, "", `null`},
		{`["x"]`, "", `"x"`},
		{`[ [ 1 ] ]`, "", `[ 1 ]`},
		{`[1,2]`, "", `[1,2]`},
		{"", `{"a":1}`, `{"a":1}`},
		{`[]`, `{"a":1}`, `{"a":1}`},
		{`[1]`, `{"a":1}`, `{"args":[1],"kwargs":{"a":1}}`},
	} {
		p, err := wamp.PayloadFromJSON(orNil(test.args), orNil(test.kwargs))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range serializations {
			in, err := p.In(s)
			if err != nil {
				t.Fatal(err)
			}
			got, err := in.Value()
			if err != nil || strings.ReplaceAll(string(got), " ", "") != strings.ReplaceAll(test.want, " ", "") {
				t.Errorf("%s %s in %s: %s, %v, want %s", test.args, test.kwargs, s, got, err, test.want)
			}
		}
	}
	if got, err := (wamp.Payload{Args: []byte("[ ]")}).Value(); err != nil || string(got) != "null" {
		t.Errorf("an empty list is %s, %v", got, err)
	}
}

func TestAMalformedPayloadReturnsErrors(t *testing.T) {
	for name, p := range map[string]wamp.Payload{
		"short":    {Serialization: wamp.CBOR, Args: []byte{0x82, 0x01}},
		"more":     {Serialization: wamp.CBOR, Args: []byte{0x80, 0x01}},
		"empty":    {Serialization: wamp.MessagePack, Args: []byte{}},
		"bad JSON": {Serialization: wamp.JSON, Args: []byte(`["a`)},
	} {
		for _, s := range serializations {
			if out, err := p.In(s); err == nil && s != p.Serialization {
				t.Errorf("%s in %s: %+v", name, s, out)
			}
		}
	}
	var args []any
	var kwargs wamp.Dict
	if err := (wamp.Payload{Args: []byte(`{}`)}).Decode(&args, &kwargs); err == nil {
		t.Error("a dict for args")
	}
	if err := (wamp.Payload{Kwargs: []byte(`[]`)}).Decode(&args, &kwargs); err == nil {
		t.Error("a list for kwargs")
	}
	if err := (wamp.Payload{Args: []byte(`"\u0000AQI="`)}).Decode(&args, nil); err != nil || len(args) != 1 {
		t.Errorf("an opaque payload: %v, %v", args, err)
	}
}

func TestNestingIsLimitedInEverySerialization(t *testing.T) {
	// The frame and Args are the first two levels.
	for _, test := range []struct {
		levels int
		ok     bool
	}{{wamp.MaxDepth - 2, true}, {wamp.MaxDepth - 1, false}} {
		list := strings.Repeat("[", test.levels) + strings.Repeat("]", test.levels)
		_, err := wamp.V2JSON.Decode([]byte(`[16,1,{},"t",[` + list + `]]`))
		if test.ok != (err == nil) {
			t.Errorf("%d levels in Args: %v", test.levels, err)
		}
		_, err = wamp.V2JSON.Decode([]byte(`[16,1,{"_deep":` + list + `},"t"]`))
		if test.ok != (err == nil) {
			t.Errorf("%d levels in Options: %v", test.levels, err)
		}
		packed := append([]byte("\x95\x10\x01\x80\xa1t\x91"), strings.Repeat("\x91", test.levels-1)+"\x90"...)
		if _, err := wamp.V2MessagePack.Decode(packed); test.ok != (err == nil) {
			t.Errorf("%d levels in MessagePack: %v", test.levels, err)
		}
		packed = append([]byte("\x85\x10\x01\xa0\x61t\x81"), strings.Repeat("\x9f", test.levels)+strings.Repeat("\xff", test.levels)...)
		if _, err := wamp.V2CBOR.Decode(packed); test.ok != (err == nil) {
			t.Errorf("%d levels in CBOR: %v", test.levels, err)
		}
	}
	s := wamp.NewConversation(wamp.V1JSON)
	s.Open()
	if _, err := s.Append(nil, &wamp.Welcome{Session: 1}); err != nil {
		t.Fatal(err)
	}
	list := strings.Repeat("[", wamp.MaxDepth-1) + strings.Repeat("]", wamp.MaxDepth-1)
	if _, err := s.Receive([]byte(`[7,"t",` + list + `]`)); err == nil {
		t.Error("version 1 lets in what version 2 cannot deliver")
	}
	if _, err := wamp.V2JSON.Decode([]byte(strings.Repeat("[", 100_000))); err == nil {
		t.Error("a frame of brackets")
	}
}
