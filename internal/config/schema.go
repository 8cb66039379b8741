package config

import (
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The named types that are one scalar in the file.
var (
	textType     = reflect.TypeFor[Text]()
	secretType   = reflect.TypeFor[Secret]()
	sizeType     = reflect.TypeFor[Size]()
	durationType = reflect.TypeFor[time.Duration]()
	prefixType   = reflect.TypeFor[netip.Prefix]()
)

// key is one key of the schema. In its path <pattern> stands for keys that the file chooses, and [] for the elements
// of a list.
type key struct {
	path  string
	name  string
	field reflect.StructField
}

// schema is the whole configuration: the keys of [Config] and those of the sections of features.
type schema struct {
	root   reflect.Type // a struct of Config and the sections, in this order, each with the tag inline
	scopes []string     // of the sections
}

// sectionsBefore is the key of [Config] that the keys of features stand before.
const sectionsBefore = "meta"

func newSchema(sections []Section) schema {
	made := schema{}
	parts := []reflect.StructField{{Name: "Config", Type: reflect.TypeFor[Config](), Tag: `inline:"true"`}}
	for i, section := range sections {
		parts = append(parts, reflect.StructField{
			Name: "Section" + strconv.Itoa(i), Type: reflect.TypeOf(section.Keys).Elem(), Tag: `inline:"` + sectionsBefore + `"`,
		})
		made.scopes = append(made.scopes, section.Scopes...)
	}
	made.root = reflect.StructOf(parts)
	return made
}

// choices lists what the tag one allows; a + in it stands for the scopes of the sections.
func (s schema) choices(tag reflect.StructTag) []string {
	var list []string
	for _, choice := range strings.Fields(tag.Get("one")) {
		if choice == "+" {
			list = append(list, s.scopes...)
		} else {
			list = append(list, choice)
		}
	}
	return list
}

// fields lists the keys of a section, in order. The keys of a field with the tag inline are keys of the
// section itself; they stand before the key that the tag names.
func fields(section reflect.Type) []reflect.StructField {
	var list []reflect.StructField
	for field := range section.Fields() {
		switch before := field.Tag.Get("inline"); {
		case before != "":
			inner := fields(field.Type)
			for i := range inner {
				inner[i].Index = append(slices.Clone(field.Index), inner[i].Index...)
			}
			at := slices.IndexFunc(list, func(f reflect.StructField) bool { return f.Tag.Get("key") == before })
			if at < 0 {
				at = len(list)
			}
			list = slices.Insert(list, at, inner...)
		case field.Tag.Get("key") != "":
			list = append(list, field)
		}
	}
	return list
}

// names returns the names of the keys of a section.
func names(section reflect.Type) []string {
	var list []string
	for _, field := range fields(section) {
		list = append(list, field.Tag.Get("key"))
	}
	return list
}

// keys returns all keys below a section, depth first, each section before its keys.
func keys(section reflect.Type, prefix string) []key {
	var list []key
	for _, field := range fields(section) {
		k := key{path: prefix + field.Tag.Get("key"), name: field.Tag.Get("key"), field: field}
		list = append(list, k)
		if below := k.section(); below != nil {
			list = append(list, keys(below, k.path+k.step())...)
		}
	}
	return list
}

// section returns the type of the section that a key holds, or nil if the key holds a value.
func (k key) section() reflect.Type {
	t := k.field.Type
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || isScalar(t) {
		return nil
	}
	return t
}

// step returns the part of a path between a key and the keys below it.
func (k key) step() string {
	switch {
	case k.field.Tag.Get("map") != "":
		return ".<pattern>."
	case k.field.Type.Kind() == reflect.Slice:
		return "[]."
	default:
		return "."
	}
}

// paths returns the path of the key, and the path that it had in earlier versions, if that was another one.
func (k key) paths() []string {
	if old := k.field.Tag.Get("old"); old != "" {
		return []string{k.path, strings.TrimSuffix(k.path, k.name) + old}
	}
	return []string{k.path}
}

// scalars reports whether the environment can hold the value: a scalar or a list of scalars, at a path that is the
// same in every configuration.
func (k key) scalars() bool {
	if strings.ContainsAny(k.path, "<[") {
		return false
	}
	t := k.field.Type
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return isScalar(t)
}

// holdsSecret reports whether values of the type can hold a secret.
func holdsSecret(t reflect.Type) bool {
	if t == secretType {
		return true
	}
	if t.Kind() != reflect.Struct || isScalar(t) {
		return false
	}
	return slices.ContainsFunc(keys(t, ""), func(k key) bool {
		return k.field.Type == secretType || k.field.Type.Kind() == reflect.Slice && k.field.Type.Elem() == secretType
	})
}

func isScalar(t reflect.Type) bool {
	switch t {
	case textType, secretType, sizeType, durationType, prefixType:
		return true
	}
	switch t.Kind() { //nolint:exhaustive // the other kinds are not scalars
	case reflect.String, reflect.Bool, reflect.Int:
		return true
	}
	return false
}
