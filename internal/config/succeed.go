package config

import (
	"reflect"
	"slices"
	"strings"
)

// The values of the tag reload. Without the tag a changed value holds as soon as the configuration is loaded again.
const (
	reloadRestart     = "restart"     // only the next start applies it
	reloadConnections = "connections" // it holds for connections that are opened from then on
	reloadSection     = "section"     // the next start applies that the section comes or goes, its keys hold at once
)

// Change is a key whose value differs between two configurations.
type Change struct {
	Key     string // as in [Config.Pos], without the elements of lists and the names that the file chooses
	Restart bool   // the former value goes on until the next start
}

// Succeed makes a configuration that was just read the successor of the one that runs: keys that only a start can
// change get the values that run. It returns the keys whose values differ, in the order of the documentation. Positions
// do not count. Both configurations must have been read with the same sections.
func (c *Config) Succeed(running *Config) []Change {
	var w succession
	w.section(reflect.ValueOf(running).Elem(), reflect.ValueOf(c).Elem(), "")
	for i, section := range c.sections {
		w.section(reflect.ValueOf(running.sections[i]).Elem(), reflect.ValueOf(section).Elem(), "")
	}
	order := keys(newSchema(c.described()).root, "")
	place := func(change Change) int {
		return slices.IndexFunc(order, func(k key) bool { return k.path == change.Key })
	}
	slices.SortStableFunc(w.changes, func(a, b Change) int { return place(a) - place(b) })
	return w.changes
}

// described returns the sections as they were given to the decoder, without their scopes.
func (c *Config) described() []Section {
	list := make([]Section, len(c.sections))
	for i, section := range c.sections {
		list[i].Keys = section
	}
	return list
}

// succession collects changes.
type succession struct{ changes []Change }

// section compares two values of a section, and carries values over from the first to the second.
func (w *succession) section(before, after reflect.Value, prefix string) {
	for _, field := range fields(before.Type()) {
		w.key(before.FieldByIndex(field.Index), after.FieldByIndex(field.Index), key{
			path: prefix + field.Tag.Get("key"), field: field,
		})
	}
}

func (w *succession) key(before, after reflect.Value, k key) {
	tag := k.field.Tag.Get("reload")
	isSection := k.section() != nil && before.Kind() != reflect.Slice
	switch {
	case tag == reloadRestart:
	case isSection && before.Kind() == reflect.Struct:
		w.section(before, after, k.path+".")
		return
	case isSection && !before.IsNil() && !after.IsNil():
		w.section(before.Elem(), after.Elem(), k.path+".")
		return
	}
	if same(before, after) {
		return
	}
	restart := tag == reloadRestart || tag == reloadSection
	w.changes = append(w.changes, Change{Key: k.path, Restart: restart})
	if restart {
		after.Set(before)
	}
}

// same reports whether two values of a key are equal but for their positions.
func same(a, b reflect.Value) bool {
	switch a.Type() {
	case textType:
		return a.Interface().(Text).Value == b.Interface().(Text).Value
	case secretType:
		return a.Interface().(Secret).Reveal() == b.Interface().(Secret).Reveal()
	case prefixType:
		return a.Interface() == b.Interface()
	}
	switch a.Kind() { //nolint:exhaustive // the other kinds have no positions inside
	case reflect.Pointer:
		return a.IsNil() == b.IsNil() && (a.IsNil() || same(a.Elem(), b.Elem()))
	case reflect.Slice:
		if a.Type().Elem().Kind() == reflect.Interface { // a value without a schema
			return reflect.DeepEqual(a.Interface(), b.Interface())
		}
		return a.Len() == b.Len() && sameElements(a, b)
	case reflect.Struct:
		for field := range a.Type().Fields() {
			if field.IsExported() && field.Name != "Pos" && !same(a.FieldByIndex(field.Index), b.FieldByIndex(field.Index)) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

func sameElements(a, b reflect.Value) bool {
	for i := range a.Len() {
		if !same(a.Index(i), b.Index(i)) {
			return false
		}
	}
	return true
}

// reloads returns when a changed value of each key holds, by path, for the documentation.
func reloads(section reflect.Type, prefix, inherited string) map[string]string {
	all := make(map[string]string)
	for _, field := range fields(section) {
		k := key{path: prefix + field.Tag.Get("key"), field: field}
		tag := field.Tag.Get("reload")
		if inherited != "" {
			tag = inherited
		}
		all[k.path] = tag
		if below := k.section(); below != nil {
			if tag == reloadSection {
				tag = ""
			}
			for path, of := range reloads(below, k.path+k.step(), tag) {
				all[path] = of
			}
		}
	}
	return all
}

// reloadText returns the words of the documentation for a value of the tag reload.
func reloadText(tag string) string {
	switch tag {
	case reloadRestart:
		return "restart"
	case reloadConnections:
		return "new connections"
	case reloadSection:
		return "restart to add or remove"
	}
	return "at once"
}

// Names returns the keys of the changes that need a restart, or of the others, with commas between them.
func Names(changes []Change, restart bool) string {
	var list []string
	for _, c := range changes {
		if c.Restart == restart {
			list = append(list, c.Key)
		}
	}
	return strings.Join(list, ", ")
}
