// Package packaging_test checks what is packaged with the parsers of those who read it: the Dockerfile with BuildKit's,
// the compose file with that of Docker Compose, the Helm chart with Helm's. Nothing is built or run: that takes a
// container engine and a cluster.
package packaging_test

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	compose "github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"helm.sh/helm/v3/pkg/chart"
	chartloader "helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	"sigs.k8s.io/yaml"
)

const packaging = "../../packaging/"

func TestTheDockerfileIsUnderstoodAndFollowsTheRules(t *testing.T) {
	file, err := os.ReadFile(packaging + "container/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.Parse(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for _, warning := range parsed.Warnings {
		t.Errorf("%s", warning.Short)
	}
	rules := linter.New(&linter.Config{Warn: func(rule, description, _, message string, where []parser.Range) {
		t.Errorf("%s: %s (%s) %v", rule, message, description, where)
	}})
	stages, _, err := instructions.Parse(parsed.AST, rules)
	if err != nil {
		t.Fatal(err)
	}
	last := stages[len(stages)-1]
	has := map[string]string{}
	for _, command := range last.Commands {
		switch c := command.(type) {
		case *instructions.UserCommand:
			has["user"] = c.User
		case *instructions.HealthCheckCommand:
			has["health"] = strings.Join(c.Health.Test, " ")
		case *instructions.EntrypointCommand:
			has["entrypoint"] = strings.Join(c.CmdLine, " ")
		case *instructions.CmdCommand:
			has["command"] = strings.Join(c.CmdLine, " ")
		case *instructions.RunCommand:
			t.Error("the image has no shell to run commands with")
		}
	}
	for name, want := range map[string]string{
		"user": "65532:65532", "health": "CMD /usr/bin/tidings health", "entrypoint": "/usr/bin/tidings", "command": "serve",
	} {
		if has[name] != want {
			t.Errorf("%s is %q instead of %q", name, has[name], want)
		}
	}
}

func TestTheComposeFileIsUnderstood(t *testing.T) {
	project, err := compose.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  packaging + "container",
		ConfigFiles: []types.ConfigFile{{Filename: packaging + "container/compose.yaml"}},
		Environment: types.Mapping{"TIDINGS_SECRET": "a", "APP_KEY": "b"},
	}, func(o *compose.Options) { o.SetProjectName("tidings", true) })
	if err != nil {
		t.Fatal(err)
	}
	service := project.Services["tidings"]
	if service.Build == nil || !strings.HasSuffix(service.Build.Dockerfile, "packaging/container/Dockerfile") || !service.ReadOnly || len(service.Volumes) != 2 {
		t.Errorf("%+v", service)
	}
	if _, err := compose.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir: packaging + "container", ConfigFiles: []types.ConfigFile{{Filename: packaging + "container/compose.yaml"}},
	}, func(o *compose.Options) { o.SetProjectName("tidings", true) }); err == nil || !strings.Contains(err.Error(), "write it into .env") {
		t.Errorf("without secrets it says %v", err)
	}
}

const chartFolder = packaging + "helm/tidings"

func TestHelmLintFindsNothing(t *testing.T) {
	for _, values := range []map[string]any{nil, everything} {
		result := lint.AllWithKubeVersion(chartFolder, values, "default", &chartutil.KubeVersion{Version: "v1.31.0", Major: "1", Minor: "31"})
		for _, message := range result.Messages {
			if message.Severity > support.InfoSev {
				t.Errorf("%s: %v", message.Path, message.Err)
			}
		}
	}
}

// everything turns on all parts of the chart.
var everything = map[string]any{
	"secret":       map[string]any{"existing": "mine"},
	"ingress":      map[string]any{"enabled": true, "className": "nginx", "tlsSecret": "tls"},
	"persistence":  map[string]any{"enabled": false},
	"env":          []any{map[string]any{"name": "GOMEMLIMIT", "value": "900MiB"}},
	"nodeSelector": map[string]any{"disk": "ssd"},
}

// render returns the objects of the chart by kind.
func render(t *testing.T, values map[string]any) map[string]map[string]any {
	t.Helper()
	loaded, err := chartloader.LoadDir(chartFolder)
	if err != nil {
		t.Fatal(err)
	}
	objects := map[string]map[string]any{}
	for name, text := range rendered(t, loaded, values) {
		if !strings.HasSuffix(name, ".yaml") || strings.TrimSpace(text) == "" {
			continue
		}
		object := map[string]any{}
		if err := yaml.UnmarshalStrict([]byte(text), &object); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		objects[object["kind"].(string)] = object
	}
	return objects
}

func rendered(t *testing.T, loaded *chart.Chart, values map[string]any) map[string]string {
	t.Helper()
	all, err := chartutil.ToRenderValues(loaded, values, chartutil.ReleaseOptions{Name: "tidings", Namespace: "default"}, chartutil.DefaultCapabilities)
	if err != nil {
		t.Fatal(err)
	}
	texts, err := engine.Render(loaded, all)
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// at returns a member of nested maps and lists.
func at(t *testing.T, object any, path ...any) any {
	t.Helper()
	for _, step := range path {
		switch s := step.(type) {
		case string:
			object = object.(map[string]any)[s]
		case int:
			object = object.([]any)[s]
		}
		if object == nil {
			t.Fatalf("there is no %v", path)
		}
	}
	return object
}

func TestTheChartMakesOneServerThatIsNotRoot(t *testing.T) {
	objects := render(t, nil)
	for _, kind := range []string{"ConfigMap", "Secret", "Service", "StatefulSet"} {
		if objects[kind] == nil {
			t.Errorf("there is no %s", kind)
		}
	}
	if objects["Ingress"] != nil {
		t.Error("an Ingress was not asked for")
	}
	set := objects["StatefulSet"]
	pod := at(t, set, "spec", "template", "spec")
	container := at(t, pod, "containers", 0)
	if at(t, set, "spec", "replicas") != float64(1) || at(t, pod, "securityContext", "runAsNonRoot") != true || at(t, container, "securityContext", "readOnlyRootFilesystem") != true {
		t.Errorf("%v", pod)
	}
	if at(t, container, "livenessProbe", "httpGet", "path") != "/healthz" || at(t, container, "readinessProbe", "httpGet", "path") != "/readyz" {
		t.Errorf("%v", container)
	}
	if pod.(map[string]any)["enableServiceLinks"] != false {
		t.Error("Kubernetes sets TIDINGS_PORT and the like")
	}
	config := at(t, objects["ConfigMap"], "data", "tidings.yaml").(string)
	if !strings.Contains(config, "order.{id:int}:") || !strings.Contains(config, "${TIDINGS_SECRET}") {
		t.Errorf("%s", config)
	}
}

func TestEachPartOfTheChartCanBeTurnedOnAndOff(t *testing.T) {
	objects := render(t, everything)
	if objects["Secret"] != nil {
		t.Error("a secret is made although one exists")
	}
	if host := at(t, objects["Ingress"], "spec", "rules", 0, "host"); host != "tidings.example.com" {
		t.Errorf("%v", host)
	}
	pod := at(t, objects["StatefulSet"], "spec", "template", "spec")
	if at(t, pod, "containers", 0, "envFrom", 0, "secretRef", "name") != "mine" || at(t, pod, "containers", 0, "env", 0, "name") != "GOMEMLIMIT" {
		t.Errorf("%v", pod)
	}
	if !slices.ContainsFunc(at(t, pod, "volumes").([]any), func(v any) bool { return v.(map[string]any)["emptyDir"] != nil }) {
		t.Error("there is no volume for data")
	}
}

func TestAWrongValueOfTheChartIsRefused(t *testing.T) {
	loaded, err := chartloader.LoadDir(chartFolder)
	if err != nil {
		t.Fatal(err)
	}
	for _, values := range []map[string]any{{"replicas": 3}, {"persistence": map[string]any{"size": "a lot"}}, {"service": map[string]any{"port": 0}}} {
		if _, err := chartutil.ToRenderValues(loaded, values, chartutil.ReleaseOptions{Name: "tidings"}, chartutil.DefaultCapabilities); err == nil {
			t.Errorf("%v is accepted", values)
		}
	}
}
