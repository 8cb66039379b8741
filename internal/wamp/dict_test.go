package wamp_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/internal/wamp"
)

func TestDictsReturnValuesOnlyInTheirType(t *testing.T) {
	d := wamp.Dict{
		"bool": true, "string": "s", "uri": wamp.URI("u"), "int": int64(-3), "go int": 4, "uint": uint64(5),
		"huge": uint64(1 << 63), "packed": float64(1 << 40), "float": 2.0, "id": wamp.ID(7), "zero": int64(0),
		"ids": []any{int64(1), uint64(2), float64(1 << 52)}, "made ids": []wamp.ID{3}, "bad ids": []any{int64(1), "2"},
		"strings": []any{"a", "b"}, "made strings": []string{"c"}, "mixed": []any{"a", int64(1)},
		"dict": wamp.Dict{"a": int64(1)}, "map": map[string]any{"b": nil}, "match": "prefix",
	}
	check := func(name string, got, want any, ok, wantOK bool) {
		t.Helper()
		if ok != wantOK || wantOK && !cmp.Equal(got, want) {
			t.Errorf("%s: %v, %v", name, got, ok)
		}
	}
	b, ok := d.Bool("bool")
	check("bool", b, true, ok, true)
	b, ok = d.Bool("int")
	check("int as bool", b, false, ok, false)
	s, ok := d.String("string")
	check("string", s, "s", ok, true)
	s, ok = d.String("uri")
	check("uri", s, "u", ok, true)
	s, ok = d.String("none")
	check("no string", s, "", ok, false)
	for key, want := range map[string]int64{"int": -3, "go int": 4, "uint": 5, "packed": 1 << 40, "id": 7, "zero": 0} {
		n, ok := d.Int(key)
		check(key, n, want, ok, true)
	}
	for _, key := range []string{"huge", "float", "bool", "none"} {
		n, ok := d.Int(key)
		check(key+" as int", n, nil, ok, false)
	}
	id, ok := d.ID("packed")
	check("id", id, wamp.ID(1<<40), ok, true)
	for _, key := range []string{"int", "zero", "huge", "string"} {
		id, ok := d.ID(key)
		check(key+" as id", id, nil, ok, false)
	}
	for key, want := range map[string][]wamp.ID{"ids": {1, 2, 1 << 52}, "made ids": {3}} {
		ids, ok := d.IDs(key)
		check(key, ids, want, ok, true)
	}
	for _, key := range []string{"bad ids", "id", "none"} {
		ids, ok := d.IDs(key)
		check(key+" as ids", ids, nil, ok, false)
	}
	for key, want := range map[string][]string{"strings": {"a", "b"}, "made strings": {"c"}} {
		list, ok := d.Strings(key)
		check(key, list, want, ok, true)
	}
	list, ok := d.Strings("mixed")
	check("mixed as strings", list, nil, ok, false)
	sub, ok := d.Dict("dict")
	check("dict", sub, wamp.Dict{"a": int64(1)}, ok, true)
	sub, ok = d.Dict("map")
	check("map", sub, wamp.Dict{"b": nil}, ok, true)
	anys, ok := d.List("strings")
	check("list", anys, []any{"a", "b"}, ok, true)
	if d.Match() != wamp.MatchPrefix || wamp.Dict(nil).Match() != wamp.MatchExact {
		t.Error("match")
	}
}

func TestOnlyPassthruOptionsArePassedOn(t *testing.T) {
	options := wamp.Dict{"ppt_scheme": "x_own", "ppt_keyid": "k", "acknowledge": true, "enc_algo": "cryptobox", "forward_for": []any{}}
	want := wamp.Dict{"ppt_scheme": "x_own", "ppt_keyid": "k", "enc_algo": "cryptobox"}
	if diff := cmp.Diff(want, options.Passthru()); diff != "" {
		t.Error(diff)
	}
	if got := (wamp.Dict{"acknowledge": true}).Passthru(); got != nil {
		t.Errorf("%v, must be nil", got)
	}
}

func TestDetailsOfTheRouterAreEncoded(t *testing.T) {
	m := &wamp.Event{Subscription: 1, Publication: 2, Details: wamp.Dict{
		"publisher": wamp.ID(3), "topic": wamp.URI("t"), "list": []string{"a"}, "ids": []wamp.ID{4}, "map": map[string]any{"n": 1},
		"float": 2.0, "nil": nil, "binary": []byte{1},
	}}
	frame, err := wamp.V2JSON.Append([]byte("before"), m)
	const want = `before[36,1,2,{"binary":"\u0000AQ==","float":2.0,"ids":[4],"list":["a"],"map":{"n":1},"nil":null,"publisher":3,"topic":"t"}]`
	if err != nil || string(frame) != want {
		t.Errorf("%s, %v", frame, err)
	}
	m.Details = wamp.Dict{"key \xff": "value \xff"}
	for _, e := range encodings {
		back := mustDecode(t, e, mustAppend(t, e, m))
		if diff := cmp.Diff(wamp.Dict{"key \ufffd": "value \ufffd"}, back.(*wamp.Event).Details); diff != "" {
			t.Errorf("%s: %s", e.Subprotocol(), diff)
		}
	}
	m.Details["wrong"] = []any{struct{}{}}
	for _, e := range encodings {
		if frame, err := e.Append([]byte("before"), m); err == nil || string(frame) != "before" {
			t.Errorf("%s: %q, %v", e.Subprotocol(), frame, err)
		}
	}
}

func TestEncodingsAreFoundByTheirSubprotocols(t *testing.T) {
	for subprotocol, want := range map[string]wamp.Encoding{
		"wamp.2.json": wamp.V2JSON, "wamp.2.msgpack": wamp.V2MessagePack, "wamp.2.cbor": wamp.V2CBOR, "wamp.2.ubjson": wamp.V2UBJSON,
		"wamp": wamp.V1JSON,
	} {
		got, ok := wamp.EncodingFor(subprotocol)
		if !ok || got != want || got.Subprotocol() != subprotocol || got.Binary() != (got.Serialization() != wamp.JSON) {
			t.Errorf("%s: %v", subprotocol, got)
		}
	}
	if e, ok := wamp.EncodingFor("wamp.2.flatbuffers"); ok {
		t.Errorf("%v", e)
	}
	if _, err := wamp.V1JSON.Decode([]byte(`[5,"t"]`)); err == nil {
		t.Error("version 1 decodes a frame outside of a conversation")
	}
	if _, err := wamp.V1JSON.Append(nil, &wamp.Goodbye{}); err == nil {
		t.Error("version 1 encodes a GOODBYE, which it does not have")
	}
}

func TestIDsAreFromOneTo2To53(t *testing.T) {
	seen := map[wamp.ID]bool{}
	for range 1000 {
		id := wamp.NewGlobalID()
		if !id.Valid() || seen[id] {
			t.Fatalf("%d", id)
		}
		seen[id] = true
	}
	var s wamp.Sequence
	if first := []wamp.ID{s.Next(), s.Next(), s.Next()}; !slices.Equal(first, []wamp.ID{1, 2, 3}) {
		t.Errorf("%v", first)
	}
	if wamp.ID(0).Valid() || (wamp.MaxID + 1).Valid() || !wamp.MaxID.Valid() {
		t.Error("the limits")
	}
}

func TestAFailureShowsItsURIAndMessage(t *testing.T) {
	err := error(wamp.Fail(wamp.ErrNotAuthorized, "topic %s", "t"))
	f, ok := errors.AsType[*wamp.Failure](err)
	if !ok || f.URI != wamp.ErrNotAuthorized || err.Error() != "wamp.error.not_authorized: topic t" {
		t.Errorf("%v", err)
	}
}

func TestCodesHaveNames(t *testing.T) {
	if got := wamp.CodePublish.String() + " " + wamp.Code(7).String(); got != "PUBLISH 7" {
		t.Error(got)
	}
}
