package schema

import (
	"encoding/json"
	"errors"
	"math"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// bound rewrites one compiled schema, so that the library asks the meter at each value and leaves the loops over items
// and members to this package:
//
//	type, const, enum, format        nodeCheck, in the place of format: the first thing that the library does
//	items, contains, uniqueItems     elements, an extension
//	names and patterns of members    members, an extension
//	unevaluatedItems, -Properties    unevaluated, an extension and a schema
//	pattern                          meteredRegexp
//
// The rest stays with the library. Its work is bounded by the size of the schema, each time that nodeCheck is asked.
func bound(s *jsonschema.Schema, m *meter) {
	check := newNodeCheck(s, m)
	if s.Pattern != nil {
		s.Pattern = m.regexp(s.Pattern)
	}
	if e := takeElements(s, m); e != nil {
		s.Extensions = append(s.Extensions, e)
	}
	if e := takeMembers(s, m); e != nil {
		s.Extensions = append(s.Extensions, e)
	}
	s.UnevaluatedItems = boundUnevaluated(s, s.UnevaluatedItems, m)
	s.UnevaluatedProperties = boundUnevaluated(s, s.UnevaluatedProperties, m)
	s.Types, s.Const, s.Enum, s.Format = nil, nil, nil, check.asFormat(s.Format)
}

// nodeCheck is the beginning of the validation of one value by one schema.
type nodeCheck struct {
	meter    *meter
	types    []string
	constant *any
	enum     *enum
	format   *jsonschema.Format
	bounds   bool // of numbers
	cost     int  // of comparing with constant and enum
}

type enum struct {
	given  []any // as the schema has them, for the error
	values []any
}

func newNodeCheck(s *jsonschema.Schema, m *meter) *nodeCheck {
	c := &nodeCheck{meter: m, format: s.Format}
	if s.Types != nil {
		c.types = s.Types.ToStrings()
	}
	if s.Const != nil {
		value := copyOf(*s.Const)
		c.constant = &value
		c.cost = size(value) / valuesPerStep
	}
	if s.Enum != nil {
		c.enum = &enum{given: s.Enum.Values}
		for _, value := range s.Enum.Values {
			c.enum.values = append(c.enum.values, copyOf(value))
			c.cost += size(value)
		}
		c.cost /= valuesPerStep
	}
	if s.Format != nil && s.Format.Name == "regex" {
		c.format = &jsonschema.Format{Name: "regex", Validate: checkRegexp}
	}
	c.bounds = s.Minimum != nil || s.Maximum != nil || s.ExclusiveMinimum != nil || s.ExclusiveMaximum != nil || s.MultipleOf != nil
	return c
}

// copyOf returns a value of a schema in the form of [decode]. The numbers of schemas have been checked.
func copyOf(value any) any {
	switch v := value.(type) {
	case json.Number:
		number, _ := numberOf(string(v))
		return number
	case []any:
		items := make([]any, len(v))
		for i, item := range v {
			items[i] = copyOf(item)
		}
		return items
	case map[string]any:
		members := make(map[string]any, len(v))
		for name, member := range v {
			members[name] = copyOf(member)
		}
		return members
	}
	return value
}

// asFormat returns the check in the place of the format that the schema had. The library ends the validation of a value
// whose format is wrong.
func (c *nodeCheck) asFormat(had *jsonschema.Format) *jsonschema.Format {
	name := "value"
	if had != nil {
		name = had.Name
	}
	return &jsonschema.Format{Name: name, Validate: c.validate}
}

// errStopped stands for the mistake of a value that was not validated.
var errStopped = errors.New("the validation was stopped")

// kindError carries a mistake of a kind that has its own text through the place of a format.
type kindError struct{ kind jsonschema.ErrorKind }

// Error implements error.
func (e kindError) Error() string { return e.kind.LocalizedString(english) }

func (c *nodeCheck) validate(value any) error {
	if !c.meter.spend(c.cost + c.costOf(value)) {
		return errStopped
	}
	switch {
	case len(c.types) > 0 && !c.hasType(value):
		return kindError{&kind.Type{Got: typeOf(value), Want: c.types}}
	case c.constant != nil && !equal(*c.constant, value):
		return kindError{&kind.Const{Got: value, Want: *c.constant}}
	case c.enum != nil && !slices.ContainsFunc(c.enum.values, func(v any) bool { return equal(v, value) }):
		return kindError{&kind.Enum{Got: value, Want: c.enum.given}}
	case c.format != nil:
		return c.format.Validate(value)
	}
	return nil
}

// What costs about as much as one step.
const (
	valuesPerStep    = 16  // comparisons
	membersPerStep   = 4   // visits of a member of a list or a dict
	bytesPerStep     = 256 // counting the length of a string
	formatBytes      = 32  // checking the format of a string
	exponentsPerStep = 16  // the exact fraction of 1e-308 has 1,000 bits
)

// costOf returns the steps that the library takes for a value, apart from those of inner values.
func (c *nodeCheck) costOf(value any) int {
	switch v := value.(type) {
	case string:
		if c.format != nil {
			return 1 + len(v)/formatBytes
		}
		return 1 + len(v)/bytesPerStep
	case []any:
		return 1 + len(v)/membersPerStep
	case map[string]any:
		return 1 + len(v)/membersPerStep
	case float64:
		if c.bounds {
			return 1 + exponent(v)/exponentsPerStep
		}
	}
	return 1
}

// exponent returns about how many digits the exact fraction of a number has.
func exponent(v float64) int { return int(math.Abs(math.Log10(math.Abs(v)))) }

func (c *nodeCheck) hasType(value any) bool {
	is := typeOf(value)
	return slices.ContainsFunc(c.types, func(want string) bool {
		return want == is || want == "integer" && is == "number" && isInteger(value)
	})
}

// typeOf returns the name that JSON Schema has for the type of a value.
func typeOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	default:
		return "number"
	}
}

func isInteger(number any) bool {
	f, ok := number.(float64)
	return !ok || f == math.Trunc(f)
}
