package wamp_test

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/tinylib/msgp/msgp"
	"pgregory.net/rapid"

	"github.com/tidings-io/tidings/internal/wamp"
)

var serializations = []wamp.Serialization{wamp.JSON, wamp.MessagePack, wamp.CBOR, wamp.UBJSON}

// values draws values that every serialization can carry. JSON has no form for NaN and the infinities, and
// strings that begin with U+0000 are binaries in JSON.
func values() *rapid.Generator[any] {
	text := rapid.String().Filter(func(s string) bool { return !strings.HasPrefix(s, "\x00") }).AsAny()
	scalar := rapid.OneOf(
		rapid.Just[any](nil),
		rapid.Bool().AsAny(),
		rapid.Int64().AsAny(),
		rapid.Uint64Range(math.MaxInt64+1, math.MaxUint64).AsAny(),
		rapid.Float64().AsAny(),
		text,
		rapid.SliceOfN(rapid.Byte(), 0, 40).AsAny(),
	)
	deep := scalar
	for range 3 {
		inner := deep
		deep = rapid.OneOf(
			scalar,
			rapid.Map(rapid.SliceOfN(inner, 0, 20), func(v []any) any { return v }),
			rapid.Map(rapid.MapOfN(rapid.String(), inner, 0, 30), func(v map[string]any) any { return wamp.Dict(v) }),
		)
	}
	return deep
}

func lists() *rapid.Generator[[]any] { return rapid.SliceOfN(values(), 1, 5) }

// same compares values. Empty and nil lists and dicts are equal, and so are zero and minus zero.
func same(a, b any) string { return cmp.Diff(a, b, cmpopts.EquateEmpty()) }

func TestPayloadsKeepTheirValuesInEverySerialization(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		args := lists().Draw(t, "args")
		kwargs := wamp.Dict(rapid.MapOfN(rapid.String(), values(), 1, 3).Draw(t, "kwargs"))
		p, err := wamp.NewPayload(args, kwargs)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range rapid.SliceOfN(rapid.SampledFrom(serializations), 1, 6).Draw(t, "way") {
			if p, err = p.In(s); err != nil {
				t.Fatal(err)
			}
			var gotArgs []any
			var gotKwargs wamp.Dict
			if err := p.Decode(&gotArgs, &gotKwargs); err != nil {
				t.Fatal(err)
			}
			if diff := same(args, gotArgs) + same(kwargs, gotKwargs); diff != "" {
				t.Fatalf("in %s: %s", s, diff)
			}
		}
	})
}

// The usual libraries read the output of this package, and this package reads theirs.

func TestCBORAgreesWithTheCBORLibrary(t *testing.T) {
	read, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, UTF8: cbor.UTF8RejectInvalid, IntDec: cbor.IntDecConvertSignedOrFail,
		DefaultMapType: reflect.TypeFor[wamp.Dict](),
	}.DecMode()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		args := lists().Filter(withoutLargeIntegers).Draw(t, "args")
		ours := payloadIn(t, args, wamp.CBOR)
		var theirs []any
		if err := read.Unmarshal(ours.Args, &theirs); err != nil {
			t.Fatalf("the library does not read %x: %v", ours.Args, err)
		}
		if diff := same(args, theirs); diff != "" {
			t.Fatal(diff)
		}
		written, err := cbor.Marshal(args)
		if err != nil {
			t.Fatal(err)
		}
		readBack(t, wamp.Payload{Serialization: wamp.CBOR, Args: written}, args)
	})
}

func TestMessagePackAgreesWithTheMessagePackLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		args := lists().Draw(t, "args")
		ours := payloadIn(t, args, wamp.MessagePack)
		theirs, rest, err := msgp.ReadIntfBytes(ours.Args)
		if err != nil || len(rest) > 0 {
			t.Fatalf("the library does not read %x: %v", ours.Args, err)
		}
		if diff := same(args, ofDicts(theirs)); diff != "" {
			t.Fatal(diff)
		}
		written, err := msgp.AppendIntf(nil, toMaps(args))
		if err != nil {
			t.Fatal(err)
		}
		readBack(t, wamp.Payload{Serialization: wamp.MessagePack, Args: written}, args)
	})
}

// MessagePack that this package accepts is accepted by the library, with the same values.
func FuzzMessagePackAgreesWithTheMessagePackLibrary(f *testing.F) {
	for _, value := range []string{
		"\x01\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0", "\xc2\xc3\xe0\xff", "\xc4\x01a", "\xc5\x00\x01a", "\xc6\x00\x00\x00\x01a",
		"\xca\x3f\xc0\x00\x00", "\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00", "\xcc\xff", "\xcd\xff\xff", "\xce\xff\xff\xff\xff",
		"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "\xd0\x80", "\xd1\x80\x00", "\xd2\x80\x00\x00\x00", "\xd3\x80\x00\x00\x00\x00\x00\x00\x00",
		"\xd9\x01a", "\xda\x00\x01a", "\xdb\x00\x00\x00\x01a", "\xdc\x00\x01\xc0", "\xdd\x00\x00\x00\x01\xc0", "\xde\x00\x01\xa1a\xc0",
		"\xdf\x00\x00\x00\x01\xa1a\xc0", "\xd4\x00\x00", "\xd4\x01\x00", "\xc1", "\xc7\x01\x00\x00", "\xd6\xff\x00\x00\x00\x00",
	} {
		f.Add([]byte(value))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		frame := append([]byte("\x95\x10\x01\x80\xa1t\x91"), value...) // the one argument of a PUBLISH
		m, err := wamp.V2MessagePack.Decode(frame)
		if err != nil {
			return
		}
		p := m.(*wamp.Publish).Payload
		var ours []any
		if err := p.Decode(&ours, nil); err != nil {
			t.Fatal(err)
		}
		theirs, rest, err := msgp.ReadIntfBytes(p.Args)
		if err != nil || len(rest) > 0 {
			t.Fatalf("the library does not read %x: %v", p.Args, err)
		}
		if a, b := goSyntax(ours), goSyntax(ofDicts(theirs)); a != b {
			t.Fatalf("this package reads %s, the library %s", a, b)
		}
	})
}

// goSyntax returns a value as text for comparison: all NaN are equal, and so are nil and empty values. cmp.Diff
// would take exponential time for deep values.
func goSyntax(v any) string {
	return strings.NewReplacer("wamp.Dict(nil)", "wamp.Dict{}", "[]uint8(nil)", "[]uint8{}").Replace(fmt.Sprintf("%#v", v))
}

func payloadIn(t *rapid.T, args []any, s wamp.Serialization) wamp.Payload {
	t.Helper()
	p, err := wamp.NewPayload(args, nil)
	if err != nil {
		t.Fatal(err)
	}
	if p, err = p.In(s); err != nil {
		t.Fatal(err)
	}
	return p
}

// readBack checks that a payload has the wanted values in each serialization.
func readBack(t *rapid.T, p wamp.Payload, want []any) {
	t.Helper()
	for _, s := range serializations {
		in, err := p.In(s)
		if err != nil {
			t.Fatal(err)
		}
		var got []any
		if err := in.Decode(&got, nil); err != nil {
			t.Fatal(err)
		}
		if diff := same(want, got); diff != "" {
			t.Fatalf("in %s: %s", s, diff)
		}
	}
}

// withoutLargeIntegers reports whether v has no uint64, for which the CBOR library has no Go type here.
func withoutLargeIntegers(v []any) bool {
	for _, item := range v {
		switch item := item.(type) {
		case uint64:
			return false
		case []any:
			if !withoutLargeIntegers(item) {
				return false
			}
		case wamp.Dict:
			for _, entry := range item {
				if !withoutLargeIntegers([]any{entry}) {
					return false
				}
			}
		}
	}
	return true
}

// ofDicts converts values of the MessagePack library to the types of a wamp.Dict.
func ofDicts(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = ofDicts(v[i])
		}
		return out
	case map[string]any:
		out := wamp.Dict{}
		for key := range v {
			out[key] = ofDicts(v[key])
		}
		return out
	case uint64:
		if v <= math.MaxInt64 {
			return int64(v)
		}
	case float32:
		return float64(v)
	}
	return v
}

func toMaps(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = toMaps(v[i])
		}
		return out
	case wamp.Dict:
		out := map[string]any{}
		for key := range v {
			out[key] = toMaps(v[key])
		}
		return out
	default:
		return v
	}
}
