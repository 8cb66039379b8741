package topic

import (
	"slices"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Kind tells contracts of topics from contracts of procedures: a URI may be declared as both, and
// the two have nothing to do with each other.
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

// reserved are first components that only the server itself declares: wamp belongs to the protocol,
// tidings to us.
var reserved = []string{"tidings", "wamp"}

func isReserved(component string) bool { return slices.Contains(reserved, component) }

// Declaration is a contract as it was written.
type Declaration struct {
	Kind    Kind
	Pattern string
	Doc     string

	// The rules; "" means nobody. Topics have the first two, procedures the others.
	Subscribe, Publish, Call, Register string

	Schema string // file with the JSON Schema of the payload; "" for any payload

	// Reserved contracts are the server's own: their first component may be a reserved one.
	Reserved bool
	// AskedOnSubscribe says that a handler decides over each subscription of this contract. It
	// knows single topics only, so subscriptions by pattern are refused.
	AskedOnSubscribe bool
}

// Contract is a compiled declaration. It is immutable.
type Contract struct {
	Kind        Kind
	Pattern     *Pattern
	Doc         string
	Reserved    bool
	Declaration int // the index of the declaration that was given to Compile

	rules  map[router.Action]*Rule
	schema *Schema
	asked  bool
}

// Rule gives the rule for an action of the contract's kind; it is never nil for those.
func (c *Contract) Rule(action router.Action) *Rule { return c.rules[action] }

// Schema gives the schema of the payload, or nil if any payload will do.
func (c *Contract) Schema() *Schema { return c.schema }

// CheckPayload reports where a payload breaks the contract, as a [*wamp.Failure]. The server calls
// it once more when a handler replaced the payload.
func (c *Contract) CheckPayload(payload wamp.Payload) error {
	if c.schema == nil {
		return nil
	}
	return c.schema.check(c, payload)
}

// kindOf gives the kind of contract that governs an action.
func kindOf(action router.Action) Kind {
	if action == router.Call || action == router.Register {
		return Procedure
	}
	return Topic
}

// verb is the word for an action in a sentence: may not ...
func verb(action router.Action) string {
	switch action {
	case router.Subscribe:
		return "subscribe to"
	case router.Publish:
		return "publish to"
	case router.Call:
		return "call"
	case router.Register:
		return "register"
	}
	return "use"
}
