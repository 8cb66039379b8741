package schema

import (
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// elements validates the items of lists. The library would collect the mistakes of all items.
type elements struct {
	meter    *meter
	prefix   []*jsonschema.Schema // of the first items
	rest     *jsonschema.Schema   // of the items behind them; nil: any
	noRest   bool
	unique   bool
	contains *jsonschema.Schema
	least    *int // items that match contains; nil: one
	most     *int
	marks    bool // a match with contains counts as evaluated
}

// takeElements moves the keywords of lists out of a schema. It returns nil if there are none.
func takeElements(s *jsonschema.Schema, m *meter) *elements {
	e := &elements{meter: m, prefix: s.PrefixItems, rest: s.Items2020, unique: s.UniqueItems, contains: s.Contains, least: s.MinContains, most: s.MaxContains}
	switch items := s.Items.(type) { // before draft 2020-12
	case *jsonschema.Schema:
		e.rest = items
	case []*jsonschema.Schema:
		e.prefix = items
		switch additional := s.AdditionalItems.(type) {
		case *jsonschema.Schema:
			e.rest = additional
		case bool:
			e.noRest = !additional
		}
	}
	const draft2020 = 2020
	e.marks = s.DraftVersion >= draft2020
	s.PrefixItems, s.Items2020, s.Items, s.AdditionalItems, s.UniqueItems = nil, nil, nil, nil, false
	s.Contains, s.MinContains, s.MaxContains = nil, nil, nil
	if e.prefix == nil && e.rest == nil && !e.unique && e.contains == nil {
		return nil
	}
	return e
}

// Validate implements [jsonschema.SchemaExt].
func (e *elements) Validate(ctx *jsonschema.ValidatorContext, value any) {
	items, ok := value.([]any)
	if !ok {
		return
	}
	if e.unique {
		if first, second, found := e.meter.duplicate(items); found {
			ctx.AddError(&kind.UniqueItems{Duplicates: [2]int{first, second}})
		}
	}
	e.validateItems(ctx, items)
	if e.contains != nil {
		e.validateContains(ctx, items)
	}
}

func (e *elements) validateItems(ctx *jsonschema.ValidatorContext, items []any) {
	if e.noRest && len(items) > len(e.prefix) {
		ctx.AddError(&kind.AdditionalItems{Count: len(items) - len(e.prefix)})
	}
	for i, item := range items {
		schema := e.rest
		if i < len(e.prefix) {
			schema = e.prefix[i]
		}
		if schema == nil || !e.meter.spend(1) {
			return
		}
		if err := ctx.Validate(schema, item, []string{strconv.Itoa(i)}); err != nil {
			ctx.AddErr(err)
			if !e.meter.mismatch() {
				return
			}
		}
	}
}

func (e *elements) validateContains(ctx *jsonschema.ValidatorContext, items []any) {
	var mismatches []*jsonschema.ValidationError
	var matched []int
	for i, item := range items {
		if !e.meter.spend(1) {
			return
		}
		err := ctx.Validate(e.contains, item, []string{strconv.Itoa(i)})
		if err == nil {
			matched = append(matched, i)
			if e.marks {
				ctx.EvaluatedItem(i)
			}
			continue
		}
		if mismatch, ok := err.(*jsonschema.ValidationError); ok && len(mismatches) < enoughMismatches { //nolint:errorlint // as the library does
			mismatches = append(mismatches, mismatch)
		}
	}
	switch {
	case e.least == nil && len(matched) == 0:
		ctx.AddErrors(mismatches, &kind.Contains{})
	case e.least != nil && len(matched) < *e.least:
		ctx.AddErrors(mismatches, &kind.MinContains{Got: matched, Want: *e.least})
	}
	if e.most != nil && len(matched) > *e.most {
		ctx.AddError(&kind.MaxContains{Got: matched, Want: *e.most})
	}
}

var _ jsonschema.SchemaExt = (*elements)(nil)
