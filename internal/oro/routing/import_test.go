package routing_test

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tidings-io/tidings/internal/oro/routing"
	"github.com/tidings-io/tidings/internal/topic"
)

var rewrite = flag.Bool("rewrite", false, "write the output into the golden files")

// folder opens the files of a file system whose names are relative.
type folder struct{ fs.FS }

func (f folder) Glob(pattern string) ([]string, error) {
	return fs.Glob(f.FS, filepath.ToSlash(pattern))
}

// golden compares an import with a file.
func golden(t *testing.T, name string, o routing.Options) *routing.Import {
	t.Helper()
	o.Files = folder{os.DirFS(filepath.Join("testdata", name))}
	made, problems := routing.Read(o)
	if len(problems) > 0 {
		t.Fatal(problems.Render())
	}
	got := string(made.YAML())
	for _, note := range made.Notes {
		got += "# " + note.String() + "\n"
	}
	file := filepath.Join("testdata", name, "want.golden")
	if *rewrite {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || string(want) != got {
		t.Errorf("%v; got:\n%s", err, got)
	}
	return made
}

func TestAnApplicationWithSixTopicsGetsSixContracts(t *testing.T) {
	made := golden(t, "shop", routing.Options{Routes: []string{"websocket_routing.yml"}, Services: []string{"services.yml"}})
	if len(made.Contracts) != 6 || len(made.LeftOut) != 1 {
		t.Errorf("%d contracts, %d left out", len(made.Contracts), len(made.LeftOut))
	}
}

func TestEachFormOfTheGrammarIsRead(t *testing.T) {
	golden(t, "forms", routing.Options{Routes: []string{"routing.yml", "list.yaml"}, Services: []string{"services.yml"}})
}

func TestTheRoutesOfOroAreBuiltIn(t *testing.T) {
	made := golden(t, "oro", routing.Options{Routes: []string{"websocket_routing.yml"}})
	if len(made.Contracts) != 0 || len(made.LeftOut) != 9 {
		t.Errorf("%d contracts, %d left out", len(made.Contracts), len(made.LeftOut))
	}
	for _, left := range made.LeftOut {
		if !left.BuiltIn {
			t.Errorf("%s is left out because %s", left.Name, left.Why)
		}
	}
}

// read imports routes and services that are written in the test.
func read(routes, services string, o routing.Options) (*routing.Import, error) {
	o.Files = folder{fstest.MapFS{"r.yml": {Data: []byte(routes)}, "s.yml": {Data: []byte(services)}}}
	o.Routes = []string{"r.yml"}
	if services != "" {
		o.Services = []string{"s.yml"}
	}
	made, problems := routing.Read(o)
	if len(problems) > 0 {
		return made, problems
	}
	return made, nil
}

const broadcastAll = `services: {a: {class: Oro\Bundle\SyncBundle\Topic\BroadcastTopic, arguments: [h], tags: [gos_web_socket.topic]}}`

func TestPatternsAreThoseOfContracts(t *testing.T) {
	for channel, want := range map[string]string{
		"acme/{id}":           `acme/{id:\d+}`,
		"acme/x-{id}":         `acme/{id:x-\d+}`,
		"acme/{id}-{other}":   `acme/{id_other:\d+-[^/]+}`,
		"acme/{other}-{id}":   `acme/{other_id:[^/\-]+-\d+}`,
		"acme.{other}.{id}":   `acme.{other}.{id:\d+}`,
		"acme/{other}{id}":    `acme/{other_id:[^/]+\d+}`,
		"acme/*/x":            `acme/{star:\*}/x`,
		"acme/*/*":            `acme/{star:\*}/{star_2:\*}`,
		"acme//{id}":          `acme//{id:\d+}`,
		"acme/{id}.v1/a:b,c;": `acme/{id:\d+}.v1/a:b,c;`,
	} {
		made, err := read(fmt.Sprintf("a: {channel: '%s', handler: h, requirements: {id: '\\d+'}}", channel), broadcastAll, routing.Options{})
		if err != nil || len(made.Contracts) != 1 || made.Contracts[0].Pattern != want {
			t.Errorf("%s: %v, %+v", channel, err, made.Contracts)
			continue
		}
		if _, err := topic.ParsePattern(want); err != nil {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestRulesFollowTheClass(t *testing.T) {
	for _, c := range []struct{ channel, class, want string }{
		{"acme/{user_id}", "SyncBundle", "params.user_id == identity.id"},
		{"acme/u-{user_id}", "SyncBundle", `params.user_id == "u-" + identity.id`},
		{"acme/u-{user_id}-x", "SyncBundle", `params.user_id == "u-" + identity.id + "-x"`},
		{"acme/u-{user_id}", "ImapBundle", `not anonymous and (params.user_id == "u-" + identity.id or params.user_id == "u-*")`},
	} {
		name := map[string]string{"SyncBundle": "SecuredTopic", "ImapBundle": "SyncFailTopic"}[c.class]
		services := fmt.Sprintf(`services: {a: {class: Oro\Bundle\%s\Topic\%s, arguments: [h], tags: [gos_web_socket.topic]}}`, c.class, name)
		made, err := read(fmt.Sprintf("a: {channel: '%s', handler: h, requirements: {user_id: {pattern: '\\d+', wildcard: true}}}", c.channel), services, routing.Options{})
		if err != nil || len(made.Contracts) != 1 || made.Contracts[0].Subscribe != c.want {
			t.Errorf("%s: %v, %+v", c.channel, err, made.Contracts)
		}
	}
}

func TestFlagsDecideAboutOwnClasses(t *testing.T) {
	const routes = "a: {channel: 'acme/{user_id}', handler: a, requirements: {user_id: '[0-9]+'}}\nb: {channel: acme/b/x, handler: b}\nc: {channel: acme/c/x/y, handler: c}"
	made, err := read(routes, "", routing.Options{Secured: []string{"a"}, Broadcast: []string{"b"}, Skip: []string{"c"}})
	if err != nil || len(made.Contracts) != 2 || made.Contracts[0].Subscribe != "params.user_id == identity.id" || made.Contracts[1].Subscribe != "not anonymous" {
		t.Errorf("%v, %+v", err, made.Contracts)
	}
	if !strings.Contains(string(made.YAML()), "#   c (r.yml:3): --skip c\n") {
		t.Errorf("%s", made.YAML())
	}
}

func TestAnApplicationMayReplaceABuiltInTopic(t *testing.T) {
	const routes = "oro_sync.maintenance: {channel: oro/maintenance, handler: oro_sync.maintenance}"
	for services, want := range map[string]int{
		`services: {a: {class: Oro\Bundle\SyncBundle\Topic\BroadcastTopic, arguments: [oro_sync.maintenance], tags: [gos_web_socket.topic]}}`:     0,
		`services: {a: {class: Oro\Bundle\SyncBundle\Topic\WebsocketPingTopic, arguments: [oro_sync.maintenance], tags: [gos_web_socket.topic]}}`: 1,
	} {
		made, err := read(routes, services, routing.Options{})
		if err != nil || len(made.Contracts) != want {
			t.Errorf("%s: %v, %+v", services, err, made.Contracts)
		}
	}
}

func TestFilesWithoutRoutesAreNoMistake(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n", "--- ~\n", "{}", "[]", "\ufeff# nothing"} {
		made, err := read(text, text, routing.Options{})
		if err != nil && text != "[]" || len(made.Contracts) != 0 {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestOddFilesAreReported(t *testing.T) {
	for text, want := range map[string]string{
		"a: &a {<<: *a}":                  "r.yml:1",
		"a: &a {channel: *a}":             "the channel of a must be text",
		"? [x]\n: {channel: y}":           "r.yml:1:3: a key must be text, but it is a list",
		"!a b: {channel: x}":              "the route b has no handler",
		"a: !b {channel: x}":              "the route a has no handler",
		"a: {channel: &c x, handler: *d}": "this is not YAML",
		"\x00":                            "this is not YAML",
	} {
		if _, err := read(text, broadcastAll, routing.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestServicesOfProductionCount(t *testing.T) {
	made, err := read("a: {channel: x, handler: h}", "when@prod: {"+broadcastAll+"}\nwhen@test: {services: {b: {class: X, arguments: [h], tags: [gos_web_socket.topic]}}}", routing.Options{})
	if err != nil || len(made.Contracts) != 1 {
		t.Error(err)
	}
}
