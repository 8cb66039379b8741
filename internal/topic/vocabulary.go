package topic

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/parser"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/schema"
	"github.com/tidings-io/tidings/internal/text"
)

// functions lists the functions of the expression language that a rule may call. None loops over more
// than its argument or returns a larger value. None reads the clock, so the same identity gets the
// same answer.
var functions = []string{"len", "lower", "upper", "trim", "trimPrefix", "trimSuffix", "int", "string"}

// synonyms are words of other languages of rules, and what stands for them here.
var synonyms = map[string]string{
	"user": "identity", "me": "identity", "auth": "identity", "session": "identity", "caller": "identity",
	"everyone": "true", "everybody": "true", "anyone": "true", "all": "true", "public": "true",
	"nobody": "false", "none": "false", "never": "false",
	"authenticated": "not anonymous", "users": "not anonymous",
}

// options returns the options that restrict the expression language to that of rules.
func options() []expr.Option {
	o := []expr.Option{expr.MaxNodes(maxRuleNodes), expr.DisableAllBuiltins()}
	for _, name := range functions {
		o = append(o, expr.EnableBuiltin(name))
	}
	return o
}

// scope holds the vocabulary of one contract's rules.
type scope struct {
	action peer.Action
	names  []string     // parameters of the pattern
	open   bool         // the pattern is broken, so any name may be one of its parameters
	shape  schema.Shape // of the payload
}

// words returns the variables of a rule.
func (s scope) words() []string {
	words := []string{"identity", "params", kindOf(s.action).String(), "backend", "anonymous"}
	if s.seesPayload() {
		words = append(words, payloadWords...)
	}
	return words
}

// check parses a rule and reports every word and construct that rules do not have. The compiler would
// stop at the first mistake and suggest no alternative.
func (s scope) check(text string) (uses, []*SyntaxError) {
	config := conf.CreateNew()
	for _, option := range options() {
		option(config)
	}
	for name := range config.Disabled {
		delete(config.Builtins, name)
	}
	tree, err := parser.ParseWithConfig(text, config)
	if err != nil {
		return uses{}, []*SyntaxError{explain(text, err)}
	}
	c := checker{scope: s, text: text, root: tree.Node}
	ast.Walk(&tree.Node, &c)
	slices.SortStableFunc(c.problems, func(a, b *SyntaxError) int { return cmp.Compare(a.Offset, b.Offset) })
	// The walk visits a loop more than once.
	c.problems = slices.CompactFunc(c.problems, func(a, b *SyntaxError) bool { return *a == *b })
	c.uses.whole = c.bareParams > 0
	return c.uses, c.problems
}

// checker walks the syntax tree of a rule. It visits children before their parents.
type checker struct {
	scope      scope
	text       string
	root       ast.Node
	uses       uses
	bareParams int // mentions of params that are not part of params.name
	problems   []*SyntaxError
}

func (c *checker) fail(at ast.Node, fix, message string, args ...any) {
	c.problems = append(c.problems, &SyntaxError{byteOffset(c.text, at.Location().From), fmt.Sprintf(message, args...), fix})
}

// Visit implements [ast.Visitor].
func (c *checker) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		c.identifier(n)
	case *ast.MemberNode:
		c.member(n)
	case *ast.BuiltinNode:
		if !slices.Contains(functions, n.Name) {
			c.noFunction(n, n.Name)
		}
	case *ast.CallNode:
		c.call(n)
	case *ast.BinaryNode:
		c.operator(n)
	case *ast.VariableDeclaratorNode, *ast.SequenceNode:
		c.fail(n, "write one condition", "a rule has no variables and no statements")
	case *ast.PredicateNode, *ast.PointerNode:
		c.fail(n, `use in, for example "admin" in identity.roles`, "a rule has no loops")
	}
}

func (c *checker) identifier(n *ast.IdentifierNode) {
	switch n.Value {
	case "params":
		c.bareParams++
	case "topic", "procedure":
		c.uses.uri = true
	case "payload", "args", "kwargs":
		c.uses.payload = true
	}
	if slices.Contains(c.scope.words(), n.Value) {
		return
	}
	if _, known := builtin.Index[n.Value]; known || slices.Contains(functions, n.Value) {
		c.noFunction(n, n.Value)
		return
	}
	fix := "a rule knows " + strings.Join(c.scope.words(), ", ")
	isField, isParameter := slices.Contains(identityFields, n.Value), slices.Contains(c.scope.names, n.Value)
	switch near := text.Nearest(n.Value, append(c.scope.words(), "true", "false")); {
	case slices.Contains(payloadWords, n.Value):
		fix = "only rules of publish and call see the payload"
	case isField && isParameter:
		fix = fmt.Sprintf("write identity.%s or params.%s", n.Value, n.Value)
	case isField:
		fix = "write identity." + n.Value
	case isParameter:
		fix = "write params." + n.Value
	case synonyms[n.Value] != "":
		fix = "write " + synonyms[n.Value]
	case near != "":
		fix = "did you mean " + near + "?"
	}
	c.fail(n, fix, "there is no %s here", n.Value)
}

// call reports a call of an unknown function. The walk has visited its name before, as if it were a
// variable.
func (c *checker) call(n *ast.CallNode) {
	if member, ok := n.Callee.(*ast.MemberNode); ok {
		c.method(member, n.Arguments)
		return
	}
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		return
	}
	c.forget(callee)
	c.noFunction(callee, callee.Value)
}

func (c *checker) noFunction(at ast.Node, name string) {
	fix := "a rule may call " + strings.Join(functions, ", ")
	if near := text.Nearest(name, functions); near != "" {
		fix = "did you mean " + near + "?"
	}
	c.fail(at, fix, "a rule may not call %s", name)
}

func (c *checker) member(n *ast.MemberNode) {
	c.payloadMember(n)
	base, ok := n.Node.(*ast.IdentifierNode)
	if !ok {
		return
	}
	property, named := n.Property.(*ast.StringNode)
	switch {
	case base.Value == "identity" && !named:
		c.fail(n.Property, "write identity.role and the like", "a field of identity is computed")
	case base.Value == "identity" && !slices.Contains(identityFields, property.Value):
		c.unknown(n.Property, "identity", property.Value, identityFields)
	case base.Value == "params" && named && !c.scope.open && !slices.Contains(c.scope.names, property.Value):
		c.bareParams--
		c.unknown(n.Property, "params", property.Value, c.scope.names)
	case base.Value == "params" && named:
		c.bareParams--
		c.uses.params = append(c.uses.params, property.Value)
	}
}

func (c *checker) unknown(at ast.Node, base, name string, known []string) {
	fix := base + " has " + strings.Join(known, ", ")
	if len(known) == 0 {
		fix = "the pattern has no parameters; write {" + name + "} into it"
	}
	if near := text.Nearest(name, known); near != "" {
		fix = "did you mean " + base + "." + near + "?"
	}
	c.fail(at, fix, "there is no %s in %s", name, base)
}
