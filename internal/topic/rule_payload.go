package topic

import (
	"context"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/types"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/schema"
	"github.com/tidings-io/tidings/internal/wamp"
)

// DefaultRulePayload is the longest payload that a rule reads, unless [Options] say otherwise. Messages of people have
// less, and a rule reads it in about a millisecond.
const DefaultRulePayload = 64 << 10

// payloadWords are the variables of a rule that hold what is published, or what a procedure is called with: the payload
// as one value, its positional arguments, its keyword arguments.
var payloadWords = []string{"payload", "args", "kwargs"}

// seesPayload reports whether the rules of the action can read a payload.
func (s scope) seesPayload() bool { return s.action == peer.Publish || s.action == peer.Call }

// payloadMember reports a member of the payload that the schema does not have.
func (c *checker) payloadMember(n *ast.MemberNode) {
	name, named := n.Property.(*ast.StringNode)
	if !named {
		return
	}
	shape, path := c.shapeOf(n.Node)
	if path == "" {
		return
	}
	if _, ok := shape.Member(name.Value); !ok {
		c.unknown(n.Property, path, name.Value, shape.Names())
	}
}

// shapeOf returns the shape of a part of the payload, and the part as the rule names it; "" if the node is something
// else, or a part of which the schema says nothing.
func (c *checker) shapeOf(node ast.Node) (shape schema.Shape, path string) {
	switch n := node.(type) {
	case *ast.IdentifierNode:
		if c.scope.seesPayload() && (n.Value == "payload" || n.Value == "kwargs") { // keyword arguments alone are the payload
			return c.scope.shape, n.Value
		}
	case *ast.ChainNode:
		return c.shapeOf(n.Node)
	case *ast.MemberNode:
		shape, path = c.shapeOf(n.Node)
		name, named := n.Property.(*ast.StringNode)
		if path == "" || !named {
			return schema.Shape{}, ""
		}
		member, ok := shape.Member(name.Value)
		if !ok {
			return schema.Shape{}, ""
		}
		return member, path + "." + name.Value
	}
	return schema.Shape{}, ""
}

// typed returns variables of the types that they have if the payload matches the schema. So the compiler finds a member
// that is compared with what the schema does not allow. It returns nil if the schema does not give one type.
func (s scope) typed() map[string]any {
	variables := map[string]any{
		"identity": identity{}, "params": map[string]string{}, "topic": "", "procedure": "", "backend": false, "anonymous": false,
		"args": []any{}, "kwargs": map[string]any{},
	}
	switch s.shape.Type() {
	case "string":
		variables["payload"] = ""
	case "boolean":
		variables["payload"] = false
	case "integer", "number":
		variables["payload"] = 0.5
	case "array":
		variables["payload"] = []any{}
	case "object":
		object := objectType(s.shape, maxTypeDepth)
		variables["payload"], variables["kwargs"] = object, object
	default:
		return nil
	}
	return variables
}

// maxTypeDepth bounds the types of a schema that refers to itself.
const maxTypeDepth = 6

func objectType(shape schema.Shape, depth int) types.Map {
	members := types.Map{types.Extra: types.Any}
	for _, name := range shape.Names() {
		member, _ := shape.Member(name)
		members[name] = typeOf(member, depth-1)
	}
	return members
}

func typeOf(shape schema.Shape, depth int) types.Type {
	switch kind := shape.Type(); {
	case kind == "string":
		return types.String
	case kind == "boolean":
		return types.Bool
	case kind == "integer":
		return types.Int
	case kind == "number":
		return types.Float64
	case kind == "array":
		return types.TypeOf([]any{})
	case kind == "object" && depth > 0:
		return objectType(shape, depth)
	}
	return types.Any
}

// readPayload adds the payload of a request to the variables of a rule that reads it. All serializations give the same
// values: those of JSON.
func (e *environment) readPayload(t *Table, r *Request, c *Contract) error {
	bytes, most := len(r.Payload.Args)+len(r.Payload.Kwargs), t.rulePayload
	if bytes > most && (r.Identity == nil || !r.Identity.Backend) {
		return t.refuseFor(wamp.ErrPayloadSizeExceeded, CostlyPayload, "the payload has %d bytes, and the %s rule of %s reads %d at most (limits.rule_payload_bytes); send less, or raise it",
			bytes, r.Action, c.Pattern, most)
	}
	inJSON, err := r.Payload.In(wamp.JSON)
	if err != nil {
		return t.refusePayload(BadPayload, "the payload for %s cannot be read: %v", c.Pattern, err)
	}
	var args []any
	var kwargs wamp.Dict
	if err := inJSON.Decode(&args, &kwargs); err != nil {
		return t.refusePayload(BadPayload, "the payload for %s cannot be read: %v", c.Pattern, err)
	}
	e.Args = args
	for i := range args {
		e.Args[i] = wamp.Plain(args[i])
	}
	if e.Kwargs = wamp.PlainMap(kwargs); e.Kwargs == nil && inJSON.Kwargs != nil {
		e.Kwargs = map[string]any{}
	}
	e.Payload = oneValue(e.Args, e.Kwargs)
	return nil
}

// oneValue returns a payload as [wamp.Payload.Value] does.
func oneValue(args []any, kwargs map[string]any) any {
	switch {
	case len(args) == 0 && kwargs == nil:
		return nil
	case len(args) == 0:
		return kwargs
	case kwargs != nil:
		return map[string]any{"args": args, "kwargs": kwargs}
	case len(args) == 1:
		return args[0]
	}
	return args
}

// refuseUnread refuses a payload for which a rule failed. What the schema says of it is the better reason.
func (t *Table) refuseUnread(ctx context.Context, r *Request, c *Contract, fault error) error {
	if err := t.CheckPayload(ctx, c, r.Payload); err != nil {
		return err
	}
	return t.refusePayload(BadPayload, "the %s rule of %s failed for this payload: %v", r.Action, c.Pattern, fault)
}
