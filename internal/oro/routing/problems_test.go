package routing_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tidings-io/tidings/internal/oro/routing"
)

const secureAll = `services: {a: {class: Oro\Bundle\SyncBundle\Topic\SecuredTopic, arguments: [h], tags: [gos_web_socket.topic]}}`

func TestEachMistakeIsNamedWithItsPlace(t *testing.T) {
	for name, c := range map[string]struct{ routes, services, want string }{
		"no YAML":               {"a: {channel: x", broadcastAll, "r.yml:1:1: this is not YAML"},
		"tabs":                  {"a:\n\tchannel: x", broadcastAll, "r.yml:2:1: this is not YAML"},
		"two documents":         {"a: {channel: x, handler: h}\n---\nb: 1", broadcastAll, "a second document"},
		"a text":                {"just text", broadcastAll, `r.yml:1:1: the file has no routes: it is "just text"`},
		"no section":            {"a: x", broadcastAll, `r.yml:1:1: the route a must be a section of keys, but it is "x"`},
		"twice":                 {"a: {channel: x, handler: h}\na: {channel: y, handler: h}", broadcastAll, "r.yml:2:1: the key a is here twice"},
		"unknown key":           {"a: {chanel: x, handler: h}", broadcastAll, "r.yml:1:5: the route a has the key chanel, which routes do not have; did you mean channel?"},
		"no channel":            {"a: {handler: h}", broadcastAll, "the route a has no channel"},
		"two channels":          {"a: {channel: x, pattern: y, handler: h}", broadcastAll, "has channel and pattern; remove one"},
		"channel is a list":     {"a: {channel: [x], handler: h}", broadcastAll, "r.yml:1:14: the channel of a must be text, but it is a list"},
		"channel is a constant": {"a: {channel: !php/const A::B, handler: h}", broadcastAll, "the channel of a must be text, but it is a value with the tag !php/const"},
		"no handler":            {"a: {channel: x}", broadcastAll, "the route a has no handler"},
		"handler is a list":     {"a: {channel: x, handler: {callback: [s, m]}}", broadcastAll, "the handler of a must be one name, but it is a list"},
		"handler without":       {"a: {channel: x, handler: {}}", broadcastAll, "the handler of a has no callback"},
		"handler with more":     {"a: {channel: x, handler: {callback: h, method: m}}", broadcastAll, "the handler of a has the key method"},
		"requirements":          {"a: {channel: x, handler: h, requirements: '\\d+'}", broadcastAll, "the requirements of a must be a section of keys"},
		"requirement":           {"a: {channel: 'x/{id}', handler: h, requirements: {id: [1]}}", broadcastAll, "the requirement of {id} in a must be text, but it is a list"},
		"requirement's keys":    {"a: {channel: 'x/{id}', handler: h, requirements: {id: {regex: x}}}", broadcastAll, "the requirement of {id} in a has the key regex"},
		"no pattern":            {"a: {channel: 'x/{id}', handler: h, requirements: {id: {wildcard: true}}}", broadcastAll, "the requirement of {id} in a has no pattern"},
		"wildcard":              {"a: {channel: 'x/{id}', handler: h, requirements: {id: {pattern: x, wildcard: often}}}", broadcastAll, `wildcard of {id} in a must be true or false, but it is "often"`},
		"utf8":                  {"a: {channel: x, handler: h, options: {utf8: true}}", broadcastAll, "r.yml:1:39: the route a has the option utf8"},
		"type alone":            {"a: {channel: x, handler: h, type: yaml}", broadcastAll, "the route a has type, which is for imports"},
		"route and import":      {"a: {channel: x, resource: y.yml}", broadcastAll, "a is a route and an import; make two entries of it"},
		"bundle":                {"a: {resource: '@AcmeBundle/Resources/config/x.yml'}", broadcastAll, "r.yml:1:15: only the application knows where @AcmeBundle/Resources/config/x.yml is; give the file itself on the command line, too: one whose name ends with /Resources/config/x.yml"},
		"missing import":        {"a: {resource: x.yml}", broadcastAll, "r.yml:1:15: cannot read x.yml: file does not exist; correct the name, or remove the import"},
		"XML":                   {"a: {resource: x.xml}", broadcastAll, "cannot read x.xml: only .yml and .yaml are understood"},
		"type":                  {"a: {resource: x.yml, type: xml}", broadcastAll, "imports of the type xml cannot be read"},
		"deep pattern":          {"a: {resource: 'x/**/*.yml'}", broadcastAll, "the pattern x/**/*.yml has ** or {}"},
		"itself":                {"a: {resource: r.yml}", broadcastAll, "r.yml:1:15: the imports go round: r.yml imports r.yml"},
		"element":               {"- 5", broadcastAll, "an element of the list of routes must be a route with its name"},

		"digit":           {"a: {channel: 'x/{1d}', handler: h}", broadcastAll, "the channel of a has the parameter {1d}: a name cannot begin with a digit"},
		"same parameter":  {"a: {channel: 'x/{id}/{id}', handler: h}", broadcastAll, "the parameter {id}: it is there twice"},
		"long name":       {"a: {channel: 'x/{" + strings.Repeat("n", 33) + "}', handler: h}", broadcastAll, "a name has at most 32 characters"},
		"leading slash":   {"a: {channel: /x, handler: h}", broadcastAll, "the channel of a cannot be a contract: it has an empty component"},
		"trailing slash":  {"a: {channel: x/, handler: h}", broadcastAll, "it has an empty component"},
		"two dots":        {"a: {channel: x..y, handler: h}", broadcastAll, "it has an empty component"},
		"white space":     {"a: {channel: 'x y', handler: h}", broadcastAll, "it has the character ' '"},
		"percent":         {"a: {channel: 'x/%y%', handler: h}", broadcastAll, "it has a percent sign"},
		"brace":           {"a: {channel: 'x/{y z}', handler: h}", broadcastAll, "it has a brace that belongs to no parameter"},
		"star for empty":  {`a: {channel: 'x/{id}', handler: h, requirements: {id: '\d*'}}`, broadcastAll, "{id} may be empty"},
		"very long":       {"a: {channel: 'x/{id}', handler: h, requirements: {id: '" + strings.Repeat("ab+", 400) + "'}}", broadcastAll, "a pattern of 1207 bytes, 1000 are allowed"},
		"default of user": {"a: {channel: 'x/{user_id}', handler: h, defaults: {user_id: 1}}", secureAll, "the route a is SecuredTopic, but not each of its topics has a component with {user_id}"},
		"no user":         {"a: {channel: 'x/{id}', handler: h}", secureAll, "r.yml:1:14: the route a is SecuredTopic, but not each"},
		"user and more":   {"a: {channel: 'x/{user_id}-{id}', handler: h}", secureAll, "the route a is SecuredTopic, but not each"},

		"unknown class":    {"a: {channel: x, handler: h}", `services: {a: {class: Acme\Topic, arguments: [h], tags: [gos_web_socket.topic]}}`, `r.yml:1:26: the handler h of the route a is of the class Acme\Topic, which does what only the application knows; give --broadcast h if`},
		"unknown handler":  {"a: {channel: x, handler: hh}", broadcastAll, "the handler hh of the route a is not known: no service with the tag gos_web_socket.topic has that name as its first argument; give the file"},
		"mistyped handler": {"a: {channel: x, handler: acme.order}", strings.Replace(broadcastAll, "[h]", "[acme.ordre]", 1), "did you mean acme.ordre? Otherwise give the file"},
		"no tag":           {"a: {channel: x, handler: h}", `services: {a: {class: Acme\Topic, arguments: [h]}}`, "the service a (s.yml:1) has that name as its first argument, but not the tag"},
		"two classes":      {"a: {channel: x, handler: h}", `services: {a: {class: A, arguments: [h], tags: [gos_web_socket.topic]}, b: {class: B, arguments: [h], tags: [gos_web_socket.topic]}}`, "is handled by two services of different classes"},
		"no parameter":     {"a: {channel: x, handler: h}", `services: {a: {class: '%x.class%', arguments: [h], tags: [gos_web_socket.topic]}}`, "it may be the service a: the parameter %x.class% is in none of the files"},
		"endless":          {"a: {channel: x, handler: h}", "parameters: {x: '%y%', y: '%x%'}\n" + `services: {a: {class: '%x%', arguments: [h], tags: [gos_web_socket.topic]}}`, "it may be the service a: the parameters of"},
		"no parent":        {"a: {channel: x, handler: h}", `services: {a: {parent: p, arguments: [h], tags: [gos_web_socket.topic]}}`, "it may be the service a: its parent p is in none of the files"},
		"own parent":       {"a: {channel: x, handler: h}", `services: {a: {parent: a, arguments: [h], tags: [gos_web_socket.topic]}}`, "it may be the service a: its parents go round"},
		"no argument":      {"a: {channel: x, handler: h}", `services: {a: {class: X, tags: [gos_web_socket.topic]}}`, "it may be the service a: it has no argument that could be the name of a handler"},
		"constant":         {"a: {channel: x, handler: h}", `services: {a: {class: X, arguments: [!php/const A::B], tags: [gos_web_socket.topic]}}`, "its first argument is no text, but a value with the tag !php/const"},
		"services":         {"a: {channel: x, handler: h}", "[1]", "s.yml:1:1: the file has no services: it is a list"},
	} {
		_, err := read(c.routes, c.services, routing.Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestARouteBehindOneThatCoversItGetsNoContract(t *testing.T) {
	made, err := read("a: {channel: 'x/{id}', handler: h}\nb: {channel: x/y, handler: h}\nc: {channel: 'x/{z}', handler: h, requirements: {z: a+}}", broadcastAll, routing.Options{})
	if err != nil || len(made.Contracts) != 1 || len(made.LeftOut) != 2 {
		t.Errorf("%v %+v", err, made)
	}
}

func TestTheFirstRouteThatMatchesDecides(t *testing.T) {
	const (
		services = `services: {a: {class: Oro\Bundle\SyncBundle\Topic\BroadcastTopic, arguments: [all], tags: [gos_web_socket.topic]},` +
			` b: {class: Oro\Bundle\SyncBundle\Topic\SecuredTopic, arguments: [mine], tags: [gos_web_socket.topic]}}`
		wide    = "wide: {channel: 'x/{a}/{user_id}', handler: mine}\n"
		literal = "literal: {channel: x/y/z, handler: all}\n"
		typed   = "typed: {channel: 'x/y/{id}', handler: all, requirements: {id: '[0-9]'}}\n"
		dotted  = "dotted: {channel: 'x/y/z.{a}', handler: all}\n"
		sameDot = "same: {channel: 'x/y.z/{user_id}', handler: mine, requirements: {user_id: '[0-9]'}}\n"
		other   = "other: {channel: 'y/y/z.z', handler: all}\n"
	)
	for routes, want := range map[string]struct {
		contracts int
		problem   string
	}{
		literal + typed + wide:   {3, ""},
		wide + literal + typed:   {1, ""}, // the others get none of their topics
		wide + sameDot + other:   {3, ""},
		dotted + wide:            {2, ""},
		wide + dotted + literal:  {1, "r.yml:2:19: the route dotted may have topics with dots that wide, which is before it, matches too, and the two are for different users; put dotted before it"},
		literal + wide + literal: {0, "r.yml:3:1: the key literal is here twice"},
	} {
		made, err := read(routes, services, routing.Options{})
		if err == nil != (want.problem == "") || err != nil && !strings.HasPrefix(err.Error(), want.problem) || want.problem == "" && len(made.Contracts) != want.contracts {
			t.Errorf("%s: %v %d", routes, err, len(made.Contracts))
		}
	}
}

func TestExpressionsThatRE2CannotDoAreRefused(t *testing.T) {
	for expression, want := range map[string]string{
		`(?=x)\d+`: "lookahead", `(?!0)\d+`: "lookahead", `(?<=x)\d`: "lookbehind", `(?<!x)\d`: "lookbehind",
		`(?>\d+)`: "an atomic group", `(a)\1`: `a back reference (\1)`, `(?<q>a)\k<q>`: `a back reference (\k)`,
		`\d++`: "a possessive count", `\d*+`: "a possessive count", `\d?+`: "a possessive count", `\d{2}+`: "a possessive count",
		`\h+`: "RE2 does not understand it", `\R`: "RE2 does not understand it", `a\Kb`: "RE2 does not understand it", `(a`: "RE2 does not understand it",
		`a(^b|c)`: "it has an anchor", `a$|b`: "it has an anchor", `\Aab`: "it has an anchor", `a\z`: "it has an anchor",
		`.+`: "it admits a dot or a slash", `[^-]+`: "it admits a dot or a slash", `\S+`: "it admits a dot or a slash", `a\.b`: "it admits a dot or a slash", `a/b`: "it admits a dot or a slash", `[!-~]+`: "it admits a dot or a slash", `\D+`: "it admits a dot or a slash",
		`[a-z%]+`: "it admits %", `[a-z ]+`: "it admits white space", `a\tb`: "it admits white space", `\s`: "it admits white space",
		`(?i)abc`: "it ignores case", `(?i)[a-z]+`: "it ignores case", `[äö]+`: "characters beyond ASCII", `\pL+`: "it ignores case", `\x{e4}`: "it ignores case",
		`[^/.]{1,8}`: "it counts bytes", `[^/.]`: "it counts bytes", `[^/.]+[^/.]+`: "it counts bytes", `([^/.]+){2}`: "it counts bytes",
		`a{,3}`: "a brace that is a count in some versions", `a#b`: "it has # without a backslash", `a\$`: "it ends with an escaped $", `^$`: "it is empty",
	} {
		_, err := read(fmt.Sprintf("a: {channel: 'x/{id}', handler: h, requirements: {id: '%s'}}", expression), broadcastAll, routing.Options{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "r.yml:1:") {
			t.Errorf("%s: %v", expression, err)
		}
	}
	_, err := read(`a: {channel: 'x/{id}/y', handler: h, requirements: {id: {pattern: '^\d+$', wildcard: true}}}`, broadcastAll, routing.Options{})
	if err == nil || !strings.Contains(err.Error(), "ends with $ before the alternative of the wildcard") {
		t.Error(err)
	}
}

func TestFlagsMustNameHandlers(t *testing.T) {
	const routes = "a: {channel: x, handler: acme.order}"
	_, err := read(routes, "", routing.Options{Secured: []string{"acme.ordre"}, Broadcast: []string{"acme.order"}, Skip: []string{"acme.order"}})
	for _, want := range []string{"--secured acme.ordre: no route has this handler; did you mean acme.order?", "--skip acme.order: it is also given with --broadcast; remove one"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Error(err)
		}
	}
}

func TestFilesAreBounded(t *testing.T) {
	chain := fstest.MapFS{}
	for i := range 30 {
		chain[fmt.Sprintf("%d.yml", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "i: {resource: %d.yml}", i+1)}
	}
	tree := fstest.MapFS{}
	for i := range 18 {
		tree[fmt.Sprintf("%d.yml", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "i: {resource: %d.yml}\nj: {resource: %d.yml}", i+1, i+1)}
	}
	tree["18.yml"] = &fstest.MapFile{Data: []byte("a: {channel: x, handler: h}")}
	laughs := "a: &a {x: [1,2,3,4,5,6,7,8,9]}\n"
	for c := 'b'; c < 'j'; c++ {
		laughs += fmt.Sprintf("%c: &%c {<<: [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]}\n", c, c, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1)
	}
	for want, files := range map[string]fstest.MapFS{
		"imports are nested deeper than 20 files": chain,
		"more than 1000 files are imported":       tree,
		"it is longer than 4194304 bytes":         {"0.yml": {Data: []byte("# " + strings.Repeat("x", 4<<20))}},
		"it is not UTF-8":                         {"0.yml": {Data: []byte("a: \xff")}},
		"too many, or repeat too often":           {"0.yml": {Data: []byte(laughs)}},
		"cannot read the file: file does not":     {},
		"0.yml: cannot read the file: ":           {"0.yml/x": {}}, // a folder
	} {
		_, problems := routing.Read(routing.Options{Files: folder{files}, Routes: []string{"0.yml"}})
		if !strings.Contains(problems.Error(), want) {
			t.Errorf("%s: %.500v", want, problems)
		}
	}
}

func TestOtherFormatsThanYAMLAreRefused(t *testing.T) {
	files := fstest.MapFS{"r.yml": {Data: []byte("{}")}, "services.xml": {Data: []byte("<container/>")}, "r": {Data: []byte("{}")}}
	_, problems := routing.Read(routing.Options{Files: folder{files}, Routes: []string{"r.yml", "r"}, Services: []string{"services.xml"}})
	if problems.Error() != "services.xml: cannot read the file: only .yml and .yaml are understood; write its content as YAML, and give that file" {
		t.Error(problems)
	}
}
