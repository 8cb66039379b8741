package config

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"
)

// The types of values that are one scalar in the file.
var (
	textType     = reflect.TypeFor[Text]()
	secretType   = reflect.TypeFor[Secret]()
	sizeType     = reflect.TypeFor[Size]()
	durationType = reflect.TypeFor[time.Duration]()
	prefixType   = reflect.TypeFor[netip.Prefix]()
)

// key is one key of the schema. A path has <pattern> where the file has keys of its own, and [] for
// the elements of a list.
type key struct {
	path  string
	name  string
	field reflect.StructField
}

// fields gives the keys of a section, in order.
func fields(section reflect.Type) []reflect.StructField {
	var list []reflect.StructField
	for field := range section.Fields() {
		if field.Tag.Get("key") != "" {
			list = append(list, field)
		}
	}
	return list
}

// names gives the names of the keys of a section.
func names(section reflect.Type) []string {
	var list []string
	for _, field := range fields(section) {
		list = append(list, field.Tag.Get("key"))
	}
	return list
}

// keys gives all keys below a section, depth first, sections before what is in them.
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

// section gives the type of the section that a key holds, or nil if it holds a value.
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

// step is what stands in a path between a key and the keys below.
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

// scalars reports whether the environment can hold the value: a scalar or a list of them, at a path
// that is the same in every configuration.
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

// holdsSecret reports whether a secret may stand somewhere in a value of the type.
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
