package config

import (
	"fmt"
	"math"
	"reflect"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// free decodes a value without a schema: the payload of a periodic publication.
func (d *decoder) free(n *yaml.Node, target reflect.Value, s spec) {
	value, ok := d.freeValue(n)
	if !ok {
		return
	}
	v := reflect.ValueOf(value)
	if v.Type() != target.Type() {
		want, fix := "a list", "write [one, two]"
		if target.Kind() == reflect.Map {
			want, fix = "a section of keys", "write {name: value}"
		}
		d.problem(n, fmt.Sprintf("%s must be %s, but it is %s", s.name(), want, describe(n)), fix)
		return
	}
	target.Set(v)
}

func (d *decoder) freeValue(n *yaml.Node) (any, bool) {
	if n = d.resolve(n); n == nil {
		return nil, false
	}
	d.depth++
	defer func() { d.depth-- }()
	switch n.Kind {
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, element := range n.Content {
			value, ok := d.freeValue(element)
			if !ok {
				return nil, false
			}
			list = append(list, value)
		}
		return list, true
	case yaml.MappingNode:
		return d.freeMapping(n)
	default:
		return d.freeScalar(n)
	}
}

func (d *decoder) freeMapping(n *yaml.Node) (any, bool) {
	before := len(d.problems)
	dict := make(map[string]any, len(n.Content)/2)
	for name, pair := range d.mapping(n) {
		value, ok := d.freeValue(pair.value)
		if !ok {
			return nil, false
		}
		dict[name] = value
	}
	return dict, len(d.problems) == before
}

// freeScalar decodes a scalar into a type of JSON. Other tags of YAML (dates, binaries) become text.
func (d *decoder) freeScalar(n *yaml.Node) (any, bool) {
	text, ok := d.text(n, false)
	if !ok {
		return nil, false
	}
	if text != n.Value {
		return text, true // a variable is always text
	}
	switch n.Tag {
	case "!!null":
		return nil, true
	case "!!bool":
		var value bool
		if err := n.Decode(&value); err != nil {
			return text, true // quoted, or an old spelling such as yes
		}
		return value, true
	case "!!int":
		if value, err := strconv.ParseInt(text, 0, 64); err == nil {
			return value, true
		}
		if value, err := strconv.ParseUint(text, 0, 64); err == nil {
			return value, true
		}
		d.problem(n, fmt.Sprintf("the number %s does not fit 64 bits", clip(text)), "put it in quotes")
		return nil, false
	case "!!float":
		value, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsInf(value, 0) || math.IsNaN(value) {
			d.problem(n, fmt.Sprintf("the number %s is not finite", clip(text)), "put it in quotes")
			return nil, false
		}
		return value, true
	}
	return text, true
}
