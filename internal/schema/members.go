package schema

import (
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// members validates the members of dicts that the schema does not name. The library would collect the mistakes of all
// of them.
type members struct {
	meter    *meter
	named    map[string]*jsonschema.Schema
	patterns []namePattern
	others   any // nil, bool or *jsonschema.Schema
	names    *jsonschema.Schema
}

type namePattern struct {
	regexp jsonschema.Regexp
	schema *jsonschema.Schema
}

// takeMembers moves the keywords of members without a name out of a schema. It returns nil if there are none.
func takeMembers(s *jsonschema.Schema, m *meter) *members {
	e := &members{meter: m, named: s.Properties, others: s.AdditionalProperties, names: s.PropertyNames}
	for r, schema := range s.PatternProperties {
		e.patterns = append(e.patterns, namePattern{m.regexp(r), schema})
	}
	s.AdditionalProperties, s.PropertyNames, s.PatternProperties = nil, nil, nil
	if e.patterns == nil && e.others == nil && e.names == nil {
		return nil
	}
	return e
}

// Validate implements [jsonschema.SchemaExt].
func (e *members) Validate(ctx *jsonschema.ValidatorContext, value any) {
	dict, ok := value.(map[string]any)
	if !ok {
		return
	}
	var unknown []string
	for name, member := range dict {
		if !e.meter.spend(1) {
			return
		}
		allowed, goOn := e.validateMember(ctx, name, member)
		if !allowed && len(unknown) < enoughMismatches {
			unknown = append(unknown, name)
		}
		if !goOn {
			break
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		ctx.AddError(&kind.AdditionalProperties{Properties: unknown})
	}
}

// validateMember validates one member and its name. It reports whether the schema allows a member of this name, and
// whether to look for more mistakes.
func (e *members) validateMember(ctx *jsonschema.ValidatorContext, name string, member any) (allowed, goOn bool) {
	_, evaluated := e.named[name]
	allowed, goOn = true, true
	for _, p := range e.patterns {
		if p.regexp.MatchString(name) {
			evaluated = true
			goOn = e.hold(ctx, p.schema, name, member) && goOn
		}
	}
	if !evaluated {
		switch others := e.others.(type) {
		case bool:
			allowed, evaluated = others, true
		case *jsonschema.Schema:
			evaluated = true
			goOn = e.hold(ctx, others, name, member) && goOn
		}
	}
	if evaluated {
		ctx.EvaluatedProp(name)
	}
	if e.names == nil {
		return allowed, goOn
	}
	if mismatch, ok := ctx.Validate(e.names, name, []string{name}).(*jsonschema.ValidationError); ok { //nolint:errorlint // as the library does
		ctx.AddErrors([]*jsonschema.ValidationError{mismatch}, &kind.PropertyNames{Property: name})
		goOn = e.meter.mismatch() && goOn
	}
	return allowed, goOn
}

// hold validates one member, and reports whether to look for more mistakes.
func (e *members) hold(ctx *jsonschema.ValidatorContext, schema *jsonschema.Schema, name string, member any) (goOn bool) {
	err := ctx.Validate(schema, member, []string{name})
	if err == nil {
		return true
	}
	ctx.AddErr(err)
	return e.meter.mismatch()
}

// unevaluated validates what no other keyword of a schema has evaluated. The library calls validate for each member or
// item, right after Validate; after the first mistake the others are left out.
type unevaluated struct {
	meter      *meter
	schema     *jsonschema.Schema
	mismatched bool
}

// boundUnevaluated returns the schema that stands for inner, which is the keyword unevaluatedItems or
// unevaluatedProperties of s. It is validated by itself, so a $dynamicRef inside does not see the schemas around it.
func boundUnevaluated(s, inner *jsonschema.Schema, m *meter) *jsonschema.Schema {
	if inner == nil || inner.Bool != nil && *inner.Bool {
		return inner
	}
	u := &unevaluated{meter: m, schema: inner}
	s.Extensions = append(s.Extensions, u)
	return &jsonschema.Schema{
		DraftVersion: s.DraftVersion, Location: inner.Location,
		Format: &jsonschema.Format{Name: "unevaluated", Validate: u.validate},
	}
}

// Validate implements [jsonschema.SchemaExt].
func (u *unevaluated) Validate(*jsonschema.ValidatorContext, any) { u.mismatched = false }

func (u *unevaluated) validate(value any) error {
	if u.mismatched { // a value inside may have the same schema, but then it is validated before its outer one
		return nil
	}
	if !u.meter.spend(1) {
		return errStopped
	}
	err := u.schema.Validate(value)
	u.mismatched = err != nil
	return err
}

// Interface guards.
var (
	_ jsonschema.SchemaExt = (*members)(nil)
	_ jsonschema.SchemaExt = (*unevaluated)(nil)
)
