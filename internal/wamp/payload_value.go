package wamp

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tidings-io/tidings/internal/wamp/serial"
)

// marshalOptions marshal Go values by the rules of [Payload.In]: binaries as U+0000 and base64, floats as floats.
// Dicts are written in the order of their keys, so that equal payloads have equal bytes. Duplicate names are found when
// the payload is checked, which takes less memory.
var marshalOptions = json.JoinOptions(
	json.Deterministic(true),
	jsontext.AllowDuplicateNames(true),
	json.WithMarshalers(json.JoinMarshalers(
		json.MarshalToFunc(func(e *jsontext.Encoder, v []byte) error {
			w := serial.NewWriter(JSON, nil)
			w.Binary(v)
			return e.WriteValue(w.Bytes())
		}),
		json.MarshalToFunc(func(e *jsontext.Encoder, v float64) error {
			w := serial.NewWriter(JSON, nil)
			w.Float(v)
			return e.WriteValue(w.Bytes())
		}),
	)),
)

// NewPayload returns a payload of Go values of any type that encoding/json can marshal.
func NewPayload(args []any, kwargs Dict) (Payload, error) {
	var a, k []byte
	var err error
	if len(args) > 0 {
		if a, err = json.Marshal(args, marshalOptions); err != nil {
			return Payload{}, fmt.Errorf("marshal args: %w", err)
		}
	}
	if len(kwargs) > 0 {
		if k, err = json.Marshal(kwargs, marshalOptions); err != nil {
			return Payload{}, fmt.Errorf("marshal kwargs: %w", err)
		}
	}
	return PayloadFromJSON(a, k)
}

// PayloadFromJSON returns a payload of a JSON array and a JSON object. Both may be nil, and are checked as
// strictly as a frame.
func PayloadFromJSON(args, kwargs []byte) (Payload, error) {
	args, err := partFromJSON(partNames[0], args, serial.KindArray)
	if err != nil {
		return Payload{}, err
	}
	kwargs, err = partFromJSON(partNames[1], kwargs, serial.KindMap)
	if err != nil {
		return Payload{}, err
	}
	p := Payload{Serialization: JSON}
	p.Args, p.Kwargs = copyParts(args, kwargs)
	return p, nil
}

func partFromJSON(name string, value []byte, want serial.Kind) ([]byte, error) {
	if value == nil {
		return nil, nil
	}
	checked, e, err := serial.CheckJSON(value, 1)
	switch {
	case err != nil && serial.IsFramedJSON(value):
		return nil, errors.New(serial.Flaw(name, JSON, value, 1))
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	case e.Kind != want:
		return nil, fmt.Errorf("%s: is %s, must be %s", name, e.Kind, want)
	}
	if e.Elements == 0 {
		return nil, nil // empty is absent
	}
	return checked, nil
}

// Value returns the payload as one JSON value, for protocols without args and kwargs: null for an empty
// payload, one positional argument as it is, several as an array, keyword arguments alone as an object,
// and both as {"args": [...], "kwargs": {...}}.
func (p Payload) Value() ([]byte, error) {
	p, err := p.In(JSON)
	if err != nil {
		return nil, err
	}
	args, err := p.elements()
	if err != nil {
		return nil, fmt.Errorf("args: %w", err)
	}
	switch {
	case args == 0 && p.Kwargs == nil:
		return []byte("null"), nil
	case args == 0:
		return p.Kwargs, nil
	case args == opaque:
		return p.Args, nil
	case p.Kwargs != nil:
		w := serial.NewWriter(JSON, make([]byte, 0, len(p.Args)+len(p.Kwargs)+len(`{"args":,"kwargs":}`)))
		o := w.OpenMap()
		w.Name("args")
		w.Raw(p.Args)
		w.Name("kwargs")
		w.Raw(p.Kwargs)
		w.CloseMap(o)
		return w.Bytes(), nil
	case args == 1:
		return p.singleArg()
	default:
		return p.Args, nil
	}
}

// opaque stands for the number of arguments of an opaque payload.
const opaque = -1

// elements returns the number of positional arguments, or opaque.
func (p Payload) elements() (int, error) {
	if p.Args == nil {
		return 0, nil
	}
	r := serial.NewReader(p.Serialization, p.Args)
	_, e := r.Skip(1)
	err := r.Err()
	if err == nil && e.Kind != serial.KindArray {
		return opaque, nil
	}
	return e.Elements, err
}

// singleArg returns the only positional argument.
func (p Payload) singleArg() ([]byte, error) {
	r := serial.NewReader(p.Serialization, p.Args)
	t, _ := r.Next()
	r.More(serial.KindArray, t.Length(), 0)
	raw, _ := r.Skip(2)
	return raw, r.Err()
}

var errNotPayload = errors.New("is not a list and a dict")

// Decode decodes the payload into Go values of the types that a [Dict] has. Both targets may be nil. An opaque
// payload becomes one positional argument.
func (p Payload) Decode(args *[]any, kwargs *Dict) error {
	if args != nil {
		*args = nil
	}
	if kwargs != nil {
		*kwargs = nil
	}
	if args != nil && p.Args != nil {
		r := newReader(p.Serialization, p.Args)
		switch v := r.value(1).(type) {
		case []any:
			*args = v
		case string, []byte:
			*args = []any{v}
		default:
			r.Fail(errNotPayload)
		}
		if r.Err() != nil {
			return fmt.Errorf("decode args: %w", r.Err())
		}
	}
	if kwargs != nil && p.Kwargs != nil {
		r := newReader(p.Serialization, p.Kwargs)
		v, ok := r.value(1).(Dict)
		if !ok {
			r.Fail(errNotPayload)
		}
		if r.Err() != nil {
			return fmt.Errorf("decode kwargs: %w", r.Err())
		}
		*kwargs = v
	}
	return nil
}
