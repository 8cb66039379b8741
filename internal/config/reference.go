package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
)

// Reference returns the documentation of every key, those of the sections included, in Markdown.
func Reference(sections ...Section) string {
	r := reference{schema: newSchema(sections)}
	r.reloads = reloads(r.schema.root, "", "")
	r.WriteString(referenceHead)
	fmt.Fprint(&r, "\n## Top level\n", tableHead)
	r.rows(r.schema.root, "")
	for _, k := range keys(r.schema.root, "") {
		if below := k.section(); below != nil {
			fmt.Fprintf(&r, "\n## %s\n\n%s\n%s", code(k.path+strings.TrimSuffix(k.step(), ".")), k.field.Tag.Get("doc"), tableHead)
			r.rows(below, k.path+k.step())
		}
	}
	return r.String()
}

// reference writes the documentation of a schema.
type reference struct {
	strings.Builder
	schema  schema
	reloads map[string]string
}

func (r *reference) rows(section reflect.Type, prefix string) {
	for _, field := range fields(section) {
		name := field.Tag.Get("key")
		r.row(key{path: prefix + name, name: name, field: field})
	}
}

const tableHead = "\n| key | value | default | change | meaning |\n|---|---|---|---|---|\n"

const referenceHead = "# Configuration\n\n" +
	"The configuration is one YAML file, `tidings.yaml`. Every key has a default or may be left out. An unknown key is an error;\n" +
	"`tidings check` reports every mistake with line and column.\n\n" +
	"- In a value, `${NAME}` is the environment variable, `${NAME:-text}` is `text` if the variable is empty or not set, and `$${` is `${`.\n" +
	"- An environment variable overrides a single value: `TIDINGS_LIMITS_OUTBOX_BYTES` overrides `limits.outbox_bytes`. Commas separate\n" +
	"  the items of a list.\n" +
	"- `--set key=value` overrides both: `--set limits.outbox_bytes=2MiB`, `--set 'topics.\"chat.{room}\".publish=backend'`.\n" +
	"- Sizes are `64KiB`, `4MiB` or a number of bytes. Durations are `500ms`, `30s`, `5m`.\n" +
	"- The column *change* says when a changed value holds after `tidings reload` ([operating](operating.md#change-the-configuration)):\n" +
	"  *at once*; for *new connections*; or only after a *restart*, which the answer of the command then names.\n" +
	"- File names are relative to the folder of the configuration file.\n" +
	"- A rule is an expression of [expr](https://expr-lang.org) that gives true or false ([rules](topics.md#rules)). Its names are `identity`\n" +
	"  (`id`, `name`, `role`, `roles`, `tenant`, `claims`), `params` (the parameters of the pattern, as text), `topic` or `procedure` (the URI),\n" +
	"  `backend` (the client has an API key) and `anonymous`. The usual rule for publishing is `backend`. Without a rule no client may.\n"

func (r *reference) row(k key) {
	standard := "-"
	if text, ok := k.field.Tag.Lookup("default"); ok {
		standard = code(text)
	}
	if k.field.Tag.Get("required") != "" {
		standard = "required"
	}
	name := code(k.path)
	if k.scalars() {
		name += "<br>`" + envName(k.path) + "`"
	}
	fmt.Fprintf(r, "| %s | %s | %s | %s | %s |\n", name, strings.ReplaceAll(r.schema.values(k), "|", `\|`), standard, r.reload(k), strings.ReplaceAll(k.field.Tag.Get("doc"), "|", `\|`))
}

// reload says when a changed value of a key holds. A section that is always there has no word for all its keys.
func (r *reference) reload(k key) string {
	if k.field.Type.Kind() == reflect.Struct && k.section() != nil && r.reloads[k.path] == "" {
		return "-"
	}
	return reloadText(r.reloads[k.path])
}

func code(text string) string { return "`" + text + "`" }

// values describes the values that a key takes.
func (s schema) values(k key) string {
	t, tag := k.field.Type, k.field.Tag
	list := ""
	if t.Kind() == reflect.Slice && tag.Get("map") == "" && k.section() == nil {
		t, list = t.Elem(), "list of "
		if tag.Get("single") != "" {
			list = "one or a list of "
		}
	}
	if one := s.choices(tag); len(one) > 0 {
		return list + "`" + strings.Join(one, "`, `") + "`"
	}
	kind := kindOf(t, tag)
	if low, high := tag.Get("min"), tag.Get("max"); low != "" {
		kind += ", " + low + " to " + high
	}
	return list + kind
}

func kindOf(t reflect.Type, tag reflect.StructTag) string {
	switch t {
	case sizeType:
		return "size"
	case durationType:
		return "duration"
	case secretType:
		return "secret"
	case reflect.TypeFor[netip.Prefix]():
		return "address range"
	}
	switch {
	case tag.Get("map") != "":
		return "section with a pattern for each key"
	case tag.Get("short") != "":
		return "section or " + tag.Get("short")
	case t.Kind() == reflect.Interface:
		return "anything"
	case t.Kind() == reflect.Map:
		return "names and values"
	case t.Kind() == reflect.Slice:
		return "list of sections"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Int:
		return "number"
	case isScalar(t):
		return "text"
	default:
		return "section"
	}
}
