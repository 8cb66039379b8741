package schema

import (
	"maps"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Shape tells which members a schema gives a value, and of which type they are. The zero Shape knows nothing. A Shape
// errs towards what a schema might allow: a member that any part of the schema names counts as named.
type Shape struct{ parts []*jsonschema.Schema }

// Shape returns the shape of a schema that Compile has returned.
func (l *Loader) Shape(of *Schema) Shape {
	compiled, err := l.compiler.Compile(of.location)
	if err != nil { // impossible: the compiler has it
		return Shape{}
	}
	return shapeOf(compiled)
}

// shapeOf returns the shape of a value to which all of the schemas may apply, with those that they refer to.
func shapeOf(schemas ...*jsonschema.Schema) Shape {
	var s Shape
	for len(schemas) > 0 {
		next := schemas[0]
		schemas = schemas[1:]
		if next == nil || slices.Contains(s.parts, next) {
			continue
		}
		if next.DynamicRef != nil || next.RecursiveRef != nil {
			return Shape{} // what it refers to depends on the value
		}
		s.parts = append(s.parts, next)
		schemas = slices.Concat(schemas, next.AllOf, next.AnyOf, next.OneOf, slices.Collect(maps.Values(next.DependentSchemas)),
			[]*jsonschema.Schema{next.Ref, next.If, next.Then, next.Else})
	}
	return s
}

// Member returns the shape of a member of an object; ok is false if the schema names members, and this is none of them.
func (s Shape) Member(name string) (member Shape, ok bool) {
	var found []*jsonschema.Schema
	names, open := 0, false
	for _, part := range s.parts {
		names += len(part.Properties)
		if p := part.Properties[name]; p != nil {
			found = append(found, p)
		}
		for pattern, p := range part.PatternProperties {
			if pattern.MatchString(name) {
				found = append(found, p)
			}
		}
		open = open || isOpen(part)
	}
	switch {
	case len(found) > 0:
		return shapeOf(found...), true
	default:
		return Shape{}, open || names == 0
	}
}

// isOpen reports whether a schema says that an object has members besides those that it names. JSON Schema allows them
// where nothing is said; such a schema counts as complete here.
func isOpen(part *jsonschema.Schema) bool {
	switch more := part.AdditionalProperties.(type) {
	case bool:
		return more
	case *jsonschema.Schema:
		return more.Bool == nil || *more.Bool
	}
	more := part.UnevaluatedProperties
	return more != nil && (more.Bool == nil || *more.Bool)
}

// Names returns the members that the schema names, in the order of the alphabet.
func (s Shape) Names() []string {
	names := map[string]struct{}{}
	for _, part := range s.parts {
		for name := range part.Properties {
			names[name] = struct{}{}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Type returns the only type that the value can have, as JSON Schema names it, or "" if it may have several.
func (s Shape) Type() string {
	only := ""
	for _, part := range s.parts {
		if part.Types == nil {
			continue
		}
		names := part.Types.ToStrings()
		if len(names) != 1 || only != "" && only != names[0] {
			return ""
		}
		only = names[0]
	}
	return only
}
