package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tidings-io/tidings/internal/text"
)

// otherVariables are read by the commands, and are no keys.
var otherVariables = []string{"TIDINGS_CONFIG", "TIDINGS_SERVER", "TIDINGS_KEY"}

// testVariable begins the variables that only tests read.
const testVariable = "TIDINGS_TEST_"

// discovered matches the variables by which Kubernetes and Docker name the address of a service that is called tidings.
var discovered = regexp.MustCompile(`_SERVICE_(HOST|PORT)|_PORT($|_)`)

// warnOfVariables warns of variables that look like keys, and are none: they have no effect.
func (d *decoder) warnOfVariables(environment []string) {
	known, sections := make(map[string]bool), make(map[string]string)
	for _, k := range keys(d.schema.root, "") {
		for _, path := range k.paths() {
			if k.scalars() {
				known[envName(path)] = true
			} else if !strings.ContainsAny(path, "<[") {
				sections[envName(path)] = path
			}
		}
	}
	var words []string
	for _, name := range slices.Sorted(maps.Keys(known)) {
		words = append(words, strings.TrimPrefix(name, envPrefix))
	}
	environment = slices.Sorted(slices.Values(environment))
	for _, assignment := range environment {
		name, _, _ := strings.Cut(assignment, "=")
		if !strings.HasPrefix(name, envPrefix) || known[name] || d.interpolated[name] || slices.Contains(otherVariables, name) ||
			strings.HasPrefix(name, testVariable) || discovered.MatchString(name) {
			continue
		}
		fix := "remove it, or use it in the file: ${" + name + "}"
		if path, ok := sections[name]; ok {
			fix = "write " + path + " into the file: a variable can only hold a single value or a list of such values"
		} else if near := text.Nearest(strings.TrimPrefix(name, envPrefix), words); near != "" {
			fix = "did you mean " + envPrefix + near + "?"
		}
		d.warn(Pos{File: "environment " + name}, fmt.Sprintf("%s is no key of the configuration, and the file does not use it", name), fix)
	}
}

// withDefault matches a variable whose default is not empty.
var withDefault = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*):-[^}]+\}`)

// warnOfDefault warns if a secret has a default: where the variable is not set, the secret is one that readers of the
// file know.
func (d *decoder) warnOfDefault(n *yaml.Node, s spec) {
	if _, elsewhere := d.origins[n]; elsewhere {
		return
	}
	spelled := &scalar{source: d.source, line: n.Line, column: n.Column, style: n.Style}
	for _, at := range withDefault.FindAllStringSubmatchIndex(n.Value, -1) {
		if at[0] > 0 && n.Value[at[0]-1] == '$' {
			continue
		}
		name := n.Value[at[2]:at[3]]
		d.warn(spelled.at(n.Value, at[0]), fmt.Sprintf("%s is a secret with a default: if %s is not set, every reader of the file knows the secret", strings.TrimSuffix(s.name(), "[0]"), name),
			fmt.Sprintf("write ${%s}: then the server does not start without the variable", name))
	}
}
