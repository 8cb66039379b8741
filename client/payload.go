package client

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Payload is the content of a publication, call or result: positional arguments, keyword arguments, or both.
//
// Sent values are anything that marshals to JSON, and []byte, which arrives as binary in every
// serialization. Received values are nil, bool, int64, uint64 (above the range of int64), float64,
// string, []byte, []any and map[string]any.
type Payload struct {
	Args   []any
	Kwargs map[string]any
}

// Args returns a payload of positional arguments.
func Args(args ...any) Payload { return Payload{Args: args} }

// Kwargs returns a payload of keyword arguments.
func Kwargs(kwargs map[string]any) Payload { return Payload{Kwargs: kwargs} }

// JSON returns the payload as one JSON value: null without arguments, a single argument as it is, several as an
// array, keyword arguments as an object, and {"args": ..., "kwargs": ...} for both.
func (p Payload) JSON() ([]byte, error) {
	payload, err := toWAMP(p)
	if err != nil {
		return nil, err
	}
	return payload.Value()
}

// Decode stores the value of [Payload.JSON] in the value that v points to.
func (p Payload) Decode(v any) error {
	value, err := p.JSON()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(value, v, json.WithUnmarshalers(binaryFromText)); err != nil {
		return fmt.Errorf("decode payload: %w", err)
	}
	return nil
}

// WAMP writes binary in JSON as a string of U+0000 and base64.
var (
	binaryToText = json.MarshalToFunc(func(e *jsontext.Encoder, b []byte) error {
		return e.WriteToken(jsontext.String("\x00" + base64.StdEncoding.EncodeToString(b)))
	})
	binaryFromText = json.UnmarshalFromFunc(func(d *jsontext.Decoder, b *[]byte) error {
		if d.PeekKind() != '"' {
			return errors.ErrUnsupported
		}
		token, err := d.ReadToken()
		if err != nil {
			return err
		}
		*b, err = base64.StdEncoding.DecodeString(strings.TrimPrefix(token.String(), "\x00"))
		return err
	})
)

// encoding encodes equal payloads as equal bytes.
var encoding = json.JoinOptions(json.WithMarshalers(binaryToText), json.Deterministic(true))

// toWAMP encodes a payload.
func toWAMP(p Payload) (wamp.Payload, error) {
	var args, kwargs []byte
	var err error
	if p.Args != nil {
		if args, err = json.Marshal(p.Args, encoding); err != nil {
			return wamp.Payload{}, fmt.Errorf("encode arguments: %w", err)
		}
	}
	if p.Kwargs != nil {
		if kwargs, err = json.Marshal(p.Kwargs, encoding); err != nil {
			return wamp.Payload{}, fmt.Errorf("encode named arguments: %w", err)
		}
	}
	return wamp.PayloadFromJSON(args, kwargs)
}

// payload encodes a payload in the client's serialization, outside of any lock.
func (c *Client) payload(p Payload) (wamp.Payload, error) {
	payload, err := toWAMP(p)
	if err != nil {
		return wamp.Payload{}, err
	}
	return payload.In(c.config.Serialization.encoding().Serialization())
}

func payloadFromWAMP(p wamp.Payload) (Payload, error) {
	var args []any
	var kwargs wamp.Dict
	if err := p.Decode(&args, &kwargs); err != nil {
		return Payload{}, fmt.Errorf("decode payload: %w", err)
	}
	for i := range args {
		args[i] = wamp.Plain(args[i])
	}
	return Payload{Args: args, Kwargs: wamp.PlainMap(kwargs)}, nil
}
