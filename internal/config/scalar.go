package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/tidings-io/tidings/internal/text"
)

// invalid describes a bad value, as the end of a sentence that begins with its key.
type invalid struct {
	message, fix string
	secret       bool // the value holds a secret
}

func wrong(message, fix string) *invalid { return &invalid{message: message, fix: fix} }

// outside describes a value beyond the bounds of its key.
func outside(text string, tag reflect.StructTag) *invalid {
	return wrong(fmt.Sprintf("must be %s to %s, but it is %s", tag.Get("min"), tag.Get("max"), clip(text)), "choose a value in between")
}

// scalar decodes a single value.
func (d *decoder) scalar(n *yaml.Node, target reflect.Value, s spec) {
	if target.Type() == secretType {
		d.source.mask(n)
		d.warnOfDefault(n, s)
	}
	if n.Kind != yaml.ScalarNode {
		fix := example(target.Type())
		if strings.HasPrefix(s.tag.Get("doc"), "Rule:") {
			fix = `a rule is one condition, for example '"staff" in identity.roles'`
		}
		d.reject(n, fmt.Sprintf("%s must be a single value, but it is %s", s.name(), describe(n)), fix)
		return
	}
	value, ok := d.text(n, target.Type() == secretType)
	if !ok {
		return
	}
	switch target.Type() {
	case textType:
		if bad := d.schema.check(value, s.tag); bad != nil {
			if bad.secret {
				d.source.mask(n)
			}
			d.problem(n, s.name()+" "+bad.message, bad.fix)
			return
		}
		target.Set(reflect.ValueOf(d.textOf(n, value, value != n.Value)))
	case secretType:
		if flaw := text.SecretFlaw(value); flaw != "" && s.tag.Get("verbatim") == "" {
			d.problem(n, s.name()+" "+flaw, "give the value alone, also in the environment variable or the file that it comes from")
			return
		}
		target.Set(reflect.ValueOf(Secret{&value, d.pos(n)}))
	default:
		if bad := d.schema.assign(target, value, s.tag); bad != nil {
			d.problem(n, s.name()+" "+bad.message, bad.fix)
		}
	}
}

// textOf returns a text with its spelling in the file, which gives the positions inside it.
func (d *decoder) textOf(n *yaml.Node, value string, interpolated bool) Text {
	t := Text{Value: value, Pos: d.pos(n)}
	if _, elsewhere := d.origins[n]; !elsewhere {
		t.scalar = &scalar{d.source, n.Line, n.Column, n.Style, interpolated}
	}
	return t
}

// defaults sets an absent value to its default.
func (d *decoder) defaults(target reflect.Value, s spec) {
	t := target.Type()
	if t.Kind() == reflect.Struct && !isScalar(t) {
		for _, field := range fields(t) {
			d.defaults(target.FieldByIndex(field.Index), s.below(field.Tag.Get("key"), field.Tag))
		}
		return
	}
	text, ok := s.tag.Lookup("default")
	if !ok {
		return
	}
	if t == textType {
		target.Set(reflect.ValueOf(Text{Value: text, Pos: Pos{File: "default of " + s.path}}))
		return
	}
	if t.Kind() == reflect.Slice {
		for item := range strings.SplitSeq(text, ", ") {
			target.Set(reflect.Append(target, reflect.ValueOf(item)))
		}
		return
	}
	if bad := d.schema.assign(target, text, s.tag); bad != nil {
		d.tell(Pos{File: "default of " + s.path}, s.name()+" "+bad.message, bad.fix)
	}
}

// assign decodes a value of a plain type.
func (s schema) assign(target reflect.Value, text string, tag reflect.StructTag) *invalid {
	t := target.Type()
	switch t {
	case sizeType:
		return assignSize(target, text, tag)
	case durationType:
		return assignDuration(target, text, tag)
	case prefixType:
		prefix, ok := parsePrefix(text)
		if !ok {
			return wrong(fmt.Sprintf("must be an address or a range of addresses, but it is %q", clip(text)), example(t))
		}
		target.Set(reflect.ValueOf(prefix))
		return nil
	}
	switch t.Kind() {
	case reflect.Bool:
		if text != "true" && text != "false" {
			return wrong(fmt.Sprintf("must be true or false, but it is %q", clip(text)), example(t))
		}
		target.SetBool(text == "true")
	case reflect.Int:
		return assignInt(target, text, tag)
	default:
		if bad := s.check(text, tag); bad != nil {
			return bad
		}
		target.SetString(text)
	}
	return nil
}

func assignSize(target reflect.Value, text string, tag reflect.StructTag) *invalid {
	size, ok := parseSize(text)
	if !ok {
		return wrong(fmt.Sprintf("must be a size, but it is %q", clip(text)), example(sizeType))
	}
	// The bounds are constants of this package, which a test parses.
	least, _ := parseSize(tag.Get("min"))
	most, _ := parseSize(tag.Get("max"))
	if size < least || size > most {
		return outside(text, tag)
	}
	target.SetInt(int64(size))
	return nil
}

func assignDuration(target reflect.Value, text string, tag reflect.StructTag) *invalid {
	duration, err := time.ParseDuration(text)
	if err != nil {
		return wrong(fmt.Sprintf("must be a duration, but it is %q", clip(text)), example(durationType))
	}
	least, _ := time.ParseDuration(tag.Get("min")) // constants of this package, which a test parses
	most, _ := time.ParseDuration(tag.Get("max"))
	if duration < least || duration > most {
		return outside(text, tag)
	}
	target.SetInt(int64(duration))
	return nil
}

func assignInt(target reflect.Value, text string, tag reflect.StructTag) *invalid {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return wrong(fmt.Sprintf("must be a whole number, but it is %q", clip(text)), example(target.Type()))
	}
	least, _ := strconv.ParseInt(tag.Get("min"), 10, 64) // constants of this package, which a test parses
	most, _ := strconv.ParseInt(tag.Get("max"), 10, 64)
	if number < least || number > most {
		return outside(text, tag)
	}
	target.SetInt(number)
	return nil
}

// parsePrefix parses a range of addresses, or one address as a range of one.
func parsePrefix(text string) (netip.Prefix, bool) {
	if prefix, err := netip.ParsePrefix(text); err == nil {
		return prefix.Masked(), true
	}
	address, err := netip.ParseAddr(text)
	if err != nil || address.Zone() != "" {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(address, address.BitLen()), true
}

// example returns a fix that shows how a value of the type is written.
func example(t reflect.Type) string {
	switch t {
	case sizeType:
		return "write for example 64KiB, 4MiB or a number of bytes"
	case durationType:
		return "write for example 500ms, 30s, 5m or 1h30m"
	case prefixType:
		return "write for example 10.0.0.0/8 or 192.0.2.7"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "write true or false"
	case reflect.Int:
		return "write a number such as 1000"
	default:
		return "write one text, in quotes if it has special characters"
	}
}

// check checks a text by the tags one and check.
func (s schema) check(given string, tag reflect.StructTag) *invalid {
	if one := s.choices(tag); len(one) > 0 && !slices.Contains(one, given) {
		if was, instead, _ := strings.Cut(tag.Get("gone"), "="); was != "" && was == given {
			return wrong(fmt.Sprintf("cannot be %q any more", given), instead)
		}
		fix := "use " + strings.Join(one[:len(one)-1], ", ") + " or " + one[len(one)-1]
		if near := text.Nearest(given, one); near != "" {
			fix = "did you mean " + near + "?"
		}
		return wrong(fmt.Sprintf("cannot be %q", clip(given)), fix)
	}
	if name := tag.Get("check"); name != "" {
		return checks[name](given)
	}
	return nil
}
