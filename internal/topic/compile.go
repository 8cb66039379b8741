package topic

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/schema"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Policy selects the answer for URIs without a contract.
type Policy uint8

// The policies. Refuse is the default, so a mistyped topic is an error and not a new topic.
const (
	Refuse Policy = iota
	Allow
)

// Options configure [Compile].
type Options struct {
	Directory   string // that schemas are relative to; "" means the working directory
	Files       fs.FS  // that schemas are read from; nil means the machine's
	SchemaSteps int    // of the validation of a payload, for each of its bytes; 0 means schema.DefaultSteps
	RulePayload int    // bytes of a payload that a rule reads; 0 means DefaultRulePayload
	Undeclared  Policy
	Prefixes    []Prefix
}

// Prefix stands in reserved URIs before the patterns that a section of the configuration declares.
type Prefix struct {
	Kind    Kind
	Text    string
	Section string
}

// Field is the part of a declaration that has a problem.
type Field uint8

// The fields of a [Declaration] that can be wrong.
const (
	FieldPattern Field = iota
	FieldSubscribe
	FieldPublish
	FieldCall
	FieldRegister
	FieldSchema
)

// String returns the field as the configuration names it.
func (f Field) String() string {
	switch f {
	case FieldPattern:
		return "pattern"
	case FieldSubscribe:
		return "subscribe"
	case FieldPublish:
		return "publish"
	case FieldCall:
		return "call"
	case FieldRegister:
		return "register"
	case FieldSchema:
		return "schema"
	}
	return "unknown"
}

// Problem is one mistake in a declaration.
type Problem struct {
	Declaration  int
	Field        Field
	Offset       int // bytes from the beginning of the field
	Other        int // the declaration that competes with this one; -1 if none
	Message, Fix string
}

func (p Problem) Error() string { return p.Message + "; " + p.Fix }

// Compile returns a table of declarations. It reports all problems at once. The table then holds only
// the contracts without a problem.
func Compile(declarations []Declaration, options Options) (*Table, []Problem) {
	c := compilation{
		table:   &Table{undeclared: options.Undeclared, prefixes: options.Prefixes, rulePayload: cmp.Or(options.RulePayload, DefaultRulePayload)},
		schemas: schema.NewLoader(schema.Options{Directory: options.Directory, Files: options.Files, Steps: options.SchemaSteps}),
	}
	for i := range declarations {
		c.declaration(i, &declarations[i])
	}
	return c.table, c.problems
}

type compilation struct {
	table    *Table
	placed   [2]trie // by Kind: the contracts with a good pattern, even if another part has a problem
	schemas  *schema.Loader
	problems []Problem
}

func (c *compilation) declaration(index int, d *Declaration) {
	before := len(c.problems)
	contract := &Contract{
		Kind: d.Kind, Doc: d.Doc, Reserved: d.Reserved, Declaration: index,
		rules: make(map[peer.Action]*Rule, 2), asked: d.AskedOnSubscribe,
	}
	pattern, err := ParsePattern(d.Pattern)
	if err != nil {
		c.syntax(index, FieldPattern, err)
	} else {
		contract.Pattern = pattern
		if c.place(contract); len(c.problems) == before {
			c.placed[d.Kind].insert(contract)
		}
	}
	if d.Schema != "" {
		contract.schema, err = c.schemas.Compile(d.Schema)
	}
	c.rules(contract, d)
	if d.Schema != "" && contract.schema == nil {
		c.problem(index, FieldSchema, err.Error(), "give a JSON Schema file, relative to the configuration file")
	}
	if len(c.problems) == before {
		c.table.add(contract)
	}
}

func (c *compilation) problem(declaration int, field Field, message, fix string) {
	c.problems = append(c.problems, Problem{declaration, field, 0, -1, message, fix})
}

func (c *compilation) syntax(declaration int, field Field, err error) {
	p := Problem{Declaration: declaration, Field: field, Other: -1, Message: err.Error()}
	if e, ok := errors.AsType[*SyntaxError](err); ok {
		p.Offset, p.Message, p.Fix = e.Offset, e.Message, e.Fix
	}
	c.problems = append(c.problems, p)
}

// place checks the first component of a contract, and that the contract competes with no other.
func (c *compilation) place(contract *Contract) {
	first := contract.Pattern.components[0]
	if first.kind == literal && wamp.IsReserved(first.text) && !contract.Reserved {
		c.problem(contract.Declaration, FieldPattern, fmt.Sprintf("%s. is reserved for the server", first.text), "choose another first component")
	}
	var rivals []*Contract
	c.placed[contract.Kind].overlapping(contract.Pattern.components, 0, func(o *Contract) {
		// A contract of the server and one of the application never govern the same URI.
		if contract.Reserved == o.Reserved && !contract.Pattern.MoreSpecific(o.Pattern) && !o.Pattern.MoreSpecific(contract.Pattern) {
			rivals = append(rivals, o)
		}
	})
	slices.SortFunc(rivals, func(a, b *Contract) int { return cmp.Compare(a.Declaration, b.Declaration) })
	for _, o := range rivals {
		c.rival(contract, o)
	}
}

func (c *compilation) rival(contract, other *Contract) {
	p := Problem{Declaration: contract.Declaration, Other: other.Declaration, Field: FieldPattern}
	p.Message = fmt.Sprintf("%s can match the same %s as %s", contract.Pattern, contract.Kind, other.Pattern)
	p.Fix = "let one of them be the more specific one wherever they differ, or give their parameters types that exclude each other"
	if contract.Pattern.text == other.Pattern.text {
		p.Message, p.Fix = fmt.Sprintf("%s is declared twice", contract.Pattern), "remove one"
	}
	c.problems = append(c.problems, p)
}

func (c *compilation) rules(contract *Contract, d *Declaration) {
	rules := []struct {
		action peer.Action
		field  Field
		text   string
	}{{peer.Subscribe, FieldSubscribe, d.Subscribe}, {peer.Publish, FieldPublish, d.Publish}}
	if d.Kind == Procedure {
		rules[0].action, rules[0].field, rules[0].text = peer.Call, FieldCall, d.Call
		rules[1].action, rules[1].field, rules[1].text = peer.Register, FieldRegister, d.Register
	}
	s := scope{open: contract.Pattern == nil}
	if contract.Pattern != nil {
		s.names = contract.Pattern.names
	}
	if contract.schema != nil {
		s.shape = c.schemas.Shape(contract.schema)
	}
	for _, r := range rules {
		s.action = r.action
		rule, problems := compileRule(r.text, s)
		for _, p := range problems {
			c.syntax(contract.Declaration, r.field, p)
		}
		contract.rules[r.action] = rule
	}
}
