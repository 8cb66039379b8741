//go:build unix

package deploy_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/tidings-io/tidings/client"
)

func TestTheRulesOfPrometheusAreValidAndAlertAsTheyShould(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		fmt.Println("SKIPPED: the rules of Prometheus, because promtool is missing. Install it (Debian: make tools).")
		t.SkipNow()
	}
	for _, command := range [][]string{
		{"check", "rules", "rules.yml"}, {"test", "rules", "rules_test.yml"}, {"check", "config", "--syntax-only", "scrape.yml"},
	} {
		run := exec.CommandContext(t.Context(), promtool, command...)
		run.Dir = filepath.Join(root, "deploy/prometheus")
		if out, err := run.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(command, " "), err, out)
		}
	}
}

// read returns a file of deploy/.
func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "deploy", file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	metric    = regexp.MustCompile(`\b(?:tidings|process|go)_[a-z_]+`)
	histogram = regexp.MustCompile(`_(?:bucket|sum|count)$`)
	selector  = regexp.MustCompile(`(tidings_[a-z_]+)\{[^}]*?\b(reason|outcome|result)(?:=~?|!=)"([^"]+)"`)
)

// expressions returns the queries of the rules, or of the dashboard.
func expressions(t *testing.T, file string) string {
	t.Helper()
	text := read(t, file)
	if strings.HasSuffix(file, ".json") {
		var dashboard struct {
			Panels []struct {
				Title, Type string
				Targets     []struct{ Expr string }
			}
		}
		if err := json.Unmarshal([]byte(text), &dashboard); err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, panel := range dashboard.Panels {
			if panel.Type != "row" && len(panel.Targets) == 0 {
				t.Errorf("%s: the panel %q shows nothing", file, panel.Title)
			}
			for _, target := range panel.Targets {
				all = append(all, target.Expr)
			}
		}
		return strings.Join(all, "\n")
	}
	var rules struct {
		Groups []struct {
			Rules []struct{ Expr string }
		}
	}
	if err := yaml.Unmarshal([]byte(text), &rules); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			all = append(all, rule.Expr)
		}
	}
	return strings.Join(all, "\n")
}

func TestTheRulesAndTheDashboardNameMetricsThatExist(t *testing.T) {
	s := serve(t)
	v := &visitor{server: s}
	c, err := client.Connect(t.Context(), client.Config{URL: "http://" + s.address, Auth: client.Key(key)}) // logins are counted from the first
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	v.send(t, http.MethodGet, "http://"+s.address+"/metrics", nil, "")
	_, metrics := v.send(t, http.MethodGet, "http://"+s.address+"/metrics", nil, "") // has the request before it
	known := map[string]bool{}
	for _, found := range regexp.MustCompile(`(?m)^# TYPE (\S+) `).FindAllStringSubmatch(string(metrics), -1) {
		known[found[1]] = true
	}
	labels, err := os.ReadFile(filepath.Join(root, "docs/operating.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"prometheus/rules.yml", "grafana/tidings.json"} {
		all := expressions(t, file)
		names := metric.FindAllString(all, -1)
		if len(names) < 15 {
			t.Errorf("%s names only %v", file, names)
		}
		for _, name := range names {
			if !known[name] && !known[histogram.ReplaceAllString(name, "")] {
				t.Errorf("%s: there is no metric %s", file, name)
			}
		}
		for _, found := range selector.FindAllStringSubmatch(all, -1) {
			for value := range strings.SplitSeq(found[3], "|") {
				if !strings.Contains(string(labels), "`"+value+"`") {
					t.Errorf("%s: %s has no %s %q", file, found[1], found[2], value)
				}
			}
		}
	}
}

func TestTheNamesInTheFileForTraefikExist(t *testing.T) {
	var file struct {
		HTTP struct {
			Routers map[string]struct {
				Rule, Service string
				Middlewares   []string
			}
			Middlewares map[string]any
			Services    map[string]any
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "traefik/dynamic.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	if len(file.HTTP.Routers) != 4 {
		t.Errorf("%d routers", len(file.HTTP.Routers))
	}
	for name, router := range file.HTTP.Routers {
		if file.HTTP.Services[router.Service] == nil || !strings.Contains(router.Rule, "example.com") {
			t.Errorf("%s: %+v", name, router)
		}
		for _, middleware := range router.Middlewares {
			if file.HTTP.Middlewares[middleware] == nil {
				t.Errorf("%s: there is no middleware %s", name, middleware)
			}
		}
	}
}
