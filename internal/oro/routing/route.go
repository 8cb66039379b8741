package routing

import (
	"go.yaml.in/yaml/v3"
)

func (i *importing) requirementsOf(made *route, list []entry) bool {
	made.requirements = make(map[string]requirement)
	section := value(list, "requirements")
	if section == nil || section.isNull() {
		return true
	}
	if section.Kind != yaml.MappingNode && len(section.Content) > 0 || section.Kind == yaml.ScalarNode {
		i.fail(*section, `write a regular expression for each parameter, for example id: '\d+'`, "the requirements of %s must be a section of keys, but they are %s", made.name, section.describe())
		return false
	}
	good := true
	for _, e := range i.entries(*section) {
		found, ok := i.requirementOf(made, e)
		if good = good && ok; ok {
			made.requirements[e.key.Value] = found
		}
	}
	return good
}

func (i *importing) requirementOf(made *route, e entry) (requirement, bool) {
	found := requirement{at: e.value}
	if e.value.Kind == yaml.MappingNode {
		list := i.entries(e.value)
		for _, inner := range list {
			if inner.key.Value != "pattern" && inner.key.Value != "wildcard" {
				i.fail(inner.key, "a requirement has pattern and wildcard", "the requirement of {%s} in %s has the key %s", e.key.Value, made.name, inner.key.Value)
				return found, false
			}
		}
		if wildcard := value(list, "wildcard"); wildcard != nil {
			var yes bool
			if err := wildcard.Decode(&yes); err != nil || wildcard.Tag != "!!bool" {
				i.fail(*wildcard, "write true or false", "wildcard of {%s} in %s must be true or false, but it is %s", e.key.Value, made.name, wildcard.describe())
				return found, false
			}
			found.wildcard = yes
		}
		pattern := value(list, "pattern")
		if pattern == nil {
			i.fail(e.value, `write pattern: and a regular expression, for example '\d+'`, "the requirement of {%s} in %s has no pattern", e.key.Value, made.name)
			return found, false
		}
		found.at = *pattern
	}
	var ok bool
	if found.text, ok = found.at.text(); !ok {
		i.fail(found.at, `write a regular expression, for example '\d+'`, "the requirement of {%s} in %s must be text, but it is %s", e.key.Value, made.name, found.at.describe())
	}
	return found, ok
}

// optionsOf reads defaults and options. A default makes a parameter at the end optional. Options are for the handler,
// apart from those that change how the channel is compiled.
func (i *importing) optionsOf(made *route, list []entry) bool {
	made.optional = make(map[string]bool)
	for _, name := range []string{"defaults", "options"} {
		section := value(list, name)
		if section == nil || section.isNull() {
			continue
		}
		if section.Kind == yaml.ScalarNode {
			i.fail(*section, "write keys and values below it", "%s of %s must be a section of keys, but it is %s", name, made.name, section.describe())
			return false
		}
		for _, e := range i.entries(*section) {
			switch {
			case name == "defaults":
				made.optional[e.key.Value] = true
			case e.key.Value == "compiler_class" || e.key.Value == "utf8" && e.value.Value != "false":
				i.fail(e.key, "remove it, or leave the route out with --skip and write its contract by hand", "the route %s has the option %s, which changes what its channel matches", made.name, e.key.Value)
				return false
			}
		}
	}
	return true
}
