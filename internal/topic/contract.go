package topic

import (
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/schema"
)

// Kind tells contracts of topics from contracts of procedures. A URI may be declared as both; the two
// contracts are independent.
type Kind uint8

// The kinds of contracts.
const (
	Topic Kind = iota
	Procedure
)

func (k Kind) String() string {
	if k == Procedure {
		return "procedure"
	}
	return "topic"
}

// Declaration is a contract before compilation.
type Declaration struct {
	Kind    Kind
	Pattern string
	Doc     string

	// The rules; "" refuses all clients. Topics have the first two, procedures the others.
	Subscribe, Publish, Call, Register string

	Schema string // file with the JSON Schema of the payload; "" for any payload

	// Reserved marks a contract of the server itself, whose first component may be a reserved one.
	Reserved bool
	// AskedOnSubscribe says that a hook decides on each subscription. A hook decides on single topics
	// only, so subscriptions by a pattern are refused.
	AskedOnSubscribe bool
}

// Contract is a compiled declaration. It is immutable.
type Contract struct {
	Kind        Kind
	Pattern     *Pattern
	Doc         string
	Reserved    bool
	Declaration int // the index of the declaration that was given to Compile

	rules  map[peer.Action]*Rule
	schema *schema.Schema
	asked  bool
}

// Rule returns the rule for an action. It is never nil for an action of the contract's kind.
func (c *Contract) Rule(action peer.Action) *Rule { return c.rules[action] }

// Schema returns the schema of the payload, or nil if the contract accepts any payload.
func (c *Contract) Schema() *schema.Schema { return c.schema }

// kindOf returns the kind of contract that governs an action.
func kindOf(action peer.Action) Kind {
	if action == peer.Call || action == peer.Register {
		return Procedure
	}
	return Topic
}

// fieldOf returns the field that has the rule for an action.
func fieldOf(action peer.Action) Field {
	switch action {
	case peer.Subscribe:
		return FieldSubscribe
	case peer.Publish:
		return FieldPublish
	case peer.Call:
		return FieldCall
	case peer.Register:
		return FieldRegister
	}
	return FieldPattern
}

// verb returns the word for an action in a sentence: may not ...
func verb(action peer.Action) string {
	switch action {
	case peer.Subscribe:
		return "subscribe to"
	case peer.Publish:
		return "publish to"
	case peer.Call:
		return "call"
	case peer.Register:
		return "register"
	}
	return "use"
}
