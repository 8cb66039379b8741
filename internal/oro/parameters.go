package oro

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tidings-io/tidings/internal/config"
)

// maxReferences bounds how often a setting may refer to another one.
const maxReferences = 8

// value is a setting and its position.
type value struct {
	text string
	pos  config.Pos
}

// environment returns the position of an environment variable.
func environment(name string) config.Pos { return config.Pos{File: "environment " + name} }

// parameters are the settings of a parameters.yml, by name. A parameter that is null is absent.
type parameters map[string]value

// parseParameters reads the mapping parameters of the file.
func parseParameters(file string, text []byte) (parameters, *config.Problem) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, &config.Problem{
			Pos: config.Pos{File: file}, Message: "is no YAML: " + strings.TrimPrefix(err.Error(), "yaml: "), Fix: "correct the file, which Oro reads, too",
		}
	}
	section := member(&document, "parameters")
	if section == nil || section.Kind != yaml.MappingNode {
		return nil, &config.Problem{
			Pos: config.Pos{File: file}, Message: "has no mapping parameters", Fix: "name the file config/parameters.yml of the application",
		}
	}
	found := make(parameters, len(section.Content)/2)
	for i := 0; i+1 < len(section.Content); i += 2 {
		key, content := section.Content[i], section.Content[i+1]
		if content.Kind == yaml.AliasNode {
			content = content.Alias
		}
		if content.Kind == yaml.ScalarNode && content.Tag != "!!null" {
			found[key.Value] = value{content.Value, config.Pos{File: file, Line: content.Line, Column: content.Column}}
		}
	}
	return found, nil
}

// member returns the value of a key of the document's mapping, or nil.
func member(document *yaml.Node, key string) *yaml.Node {
	if len(document.Content) == 0 || document.Content[0].Kind != yaml.MappingNode {
		return nil
	}
	content := document.Content[0].Content
	for i := 0; i+1 < len(content); i += 2 {
		if content[i].Value == key {
			return content[i+1]
		}
	}
	return nil
}

// reference matches what a parameter may refer to: %% (a percent sign), %env(NAME)% and %parameter%.
var reference = regexp.MustCompile(`%%|%env\((?:[a-z_]+:)*([A-Za-z_][A-Za-z0-9_]*)\)%|%([A-Za-z_][A-Za-z0-9_.]*)%`)

// get returns a parameter with its references replaced. ok is false if it is absent or refers to something absent.
func (p parameters) get(name string, lookup func(string) (string, bool)) (v value, ok bool) {
	return p.resolve(name, lookup, maxReferences)
}

func (p parameters) resolve(name string, lookup func(string) (string, bool), depth int) (v value, ok bool) {
	v, ok = p[name]
	if !ok || depth == 0 {
		return v, false
	}
	v.text = reference.ReplaceAllStringFunc(v.text, func(text string) string {
		groups := reference.FindStringSubmatch(text)
		replaced := value{text: "%"}
		found := true
		switch {
		case groups[1] != "":
			replaced.text, found = lookup(groups[1])
		case groups[2] != "":
			replaced, found = p.resolve(groups[2], lookup, depth-1)
		}
		ok = ok && found
		return replaced.text
	})
	return v, ok
}

// whole matches a variable whose value is only the name of another one: files of systemd and Docker do not replace
// it, as Symfony's do.
var whole = regexp.MustCompile(`^\s*(?:\$\{([A-Za-z_][A-Za-z0-9_]*)\}|%env\((?:[a-z_]+:)*([A-Za-z_][A-Za-z0-9_]*)\)%)\s*$`)

// fromEnvironment returns a variable that is set and not empty. It follows references to other variables.
func fromEnvironment(name string, lookup func(string) (string, bool)) (v value, ok bool, problem *config.Problem) {
	first := name
	for range maxReferences {
		text, _ := lookup(name)
		if strings.TrimSpace(text) == "" {
			if name == first {
				return value{}, false, nil
			}
			return value{}, false, &config.Problem{
				Pos:     environment(first),
				Message: fmt.Sprintf("%s refers to the variable %s, which is not set", first, name),
				Fix:     "set " + name + ", or write the value into " + first,
			}
		}
		groups := whole.FindStringSubmatch(text)
		if groups == nil {
			return value{text, environment(first)}, true, nil
		}
		name = groups[1] + groups[2]
	}
	return value{}, false, &config.Problem{
		Pos: environment(first), Message: first + " refers to itself by way of other variables", Fix: "write the value into " + first,
	}
}
