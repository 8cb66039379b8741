package tidings

import (
	"encoding/json"
	"fmt"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Payload is what a publication or a call carries: arguments in order, named arguments, or both.
// Values are what encoding/json can marshal; received integers are int64, or uint64 where they are
// larger, and other numbers float64.
type Payload struct {
	Args   []any
	Kwargs map[string]any
}

// Args makes a payload of arguments in order.
func Args(args ...any) Payload { return Payload{Args: args} }

// Kwargs makes a payload of named arguments.
func Kwargs(kwargs map[string]any) Payload { return Payload{Kwargs: kwargs} }

// Decode reads the payload as one value into v, as json.Unmarshal does: a single argument as it is,
// several as an array, named arguments as an object, and both as {"args": [...], "kwargs": {...}}.
func (p Payload) Decode(v any) error {
	inner, err := p.inner()
	if err != nil {
		return err
	}
	value, err := inner.Value()
	if err != nil {
		return fmt.Errorf("write the payload as JSON: %w", err)
	}
	if err := json.Unmarshal(value, v); err != nil {
		return fmt.Errorf("decode the payload: %w", err)
	}
	return nil
}

func (p Payload) inner() (wamp.Payload, error) {
	inner, err := wamp.NewPayload(p.Args, p.Kwargs)
	if err != nil {
		return inner, fmt.Errorf("encode the payload: %w", err)
	}
	return inner, nil
}

func outer(p wamp.Payload) (Payload, error) {
	var made Payload
	var kwargs wamp.Dict
	if err := p.Decode(&made.Args, &kwargs); err != nil {
		return made, fmt.Errorf("decode the payload: %w", err)
	}
	made.Kwargs = kwargs
	return made, nil
}
