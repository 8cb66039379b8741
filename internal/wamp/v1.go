package wamp

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/tidings-io/tidings/internal/wamp/serial"
)

// Version 1 of the protocol, which dates from 2012 and is no longer maintained. It has nine messages, in JSON
// only:
//
//	0 WELCOME     [0, session, 1, server]                  to the client, on connecting
//	1 PREFIX      [1, prefix, uri]
//	2 CALL        [2, call, procedure, arg...]
//	3 CALLRESULT  [3, call, result]                        to the client
//	4 CALLERROR   [4, call, uri, description, details?]    to the client
//	5 SUBSCRIBE   [5, topic]                               never answered
//	6 UNSUBSCRIBE [6, topic]                               never answered
//	7 PUBLISH     [7, topic, event, exclude?, eligible?]   never answered
//	8 EVENT       [8, topic, event]                        to the client
//
// Topics and procedures may be CURIEs. There is no HELLO, GOODBYE or ABORT: opening and closing the connection
// replace them.
const (
	v1Welcome = iota
	v1Prefix
	v1Call
	v1CallResult
	v1CallError
	v1Subscribe
	v1Unsubscribe
	v1Publish
	v1Event
)

// v1Ident names the server in WELCOME if Details.agent is not set.
const v1Ident = "Tidings"

type version1 struct{}

func (version1) Subprotocol() string          { return "wamp" }
func (version1) Serialization() Serialization { return JSON }
func (version1) Binary() bool                 { return false }

func (version1) Decode([]byte) (Message, error) {
	return nil, Violation("a frame of version 1 has a meaning only in its session")
}

var errNoFrame = errors.New("version 1 has no frame for it outside of its session")

func (version1) Append(dst []byte, m Message) ([]byte, error) {
	switch m := m.(type) {
	case *Welcome:
		return appendV1Welcome(dst, m), nil
	case *Event:
		return appendV1Event(dst, m)
	default:
		return dst, fmt.Errorf("encode %s: %w", m.Code(), errNoFrame)
	}
}

func appendV1Welcome(dst []byte, m *Welcome) []byte {
	ident, ok := m.Details.String("agent")
	if !ok {
		ident = v1Ident
	}
	w := serial.NewWriter(JSON, dst)
	o := w.OpenArray()
	w.Int(v1Welcome)
	w.Text(strconv.FormatUint(uint64(m.Session), 10))
	w.Int(1) // the version of the protocol
	w.Text(ident)
	w.CloseArray(o)
	return w.Bytes()
}

func appendV1Event(dst []byte, m *Event) ([]byte, error) {
	value, err := m.Payload.Value()
	if err != nil {
		return dst, fmt.Errorf("encode EVENT: %w", err)
	}
	w := serial.NewWriter(JSON, dst)
	o := w.OpenArray()
	w.Int(v1Event)
	w.Text(v1Name(m.Topic))
	w.Raw(value)
	w.CloseArray(o)
	return w.Bytes(), nil
}
