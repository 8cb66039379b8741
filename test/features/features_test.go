// Package features_test proves that a feature is one folder: the server is built, and tested, without each.
package features_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// features returns the names of the features, by the files that add them to the server.
func features(t *testing.T) []string {
	t.Helper()
	const begin, end = root + "/internal/server/feature_", ".go"
	files, err := filepath.Glob(begin + "*" + end)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		if name := strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(file), begin), end); !strings.HasSuffix(name, "_test") {
			names = append(names, name)
		}
	}
	if len(names) < 3 {
		t.Fatalf("the features are %q", names)
	}
	return names
}

// run runs a command in a folder, without the network.
func run(t *testing.T, folder, command string, arguments ...string) (output string, err error) {
	t.Helper()
	c := exec.CommandContext(t.Context(), command, arguments...)
	c.Dir = folder
	// Without cgo, as releases are built: what .ci/test has compiled serves here too.
	c.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS="+os.Getenv("GOFLAGS")+" -mod=readonly", "CGO_ENABLED=0")
	combined, err := c.CombinedOutput()
	return string(combined), err
}

func TestABuildWithoutAFeatureCompilesAndPassesTheTestsOfTheServer(t *testing.T) {
	builds := [][]string{nil} // without all
	for _, name := range features(t) {
		builds[0] = append(builds[0], "without_"+name)
		builds = append(builds, []string{"without_" + name})
	}
	for _, tags := range builds {
		t.Run(strings.Join(tags, ","), func(t *testing.T) {
			t.Parallel() // the tests of the server wait more than they compute
			for _, arguments := range [][]string{{"vet", "./..."}, {"test", "./internal/server/", "."}} {
				arguments = slices.Insert(arguments, 1, "-tags", strings.Join(tags, ","))
				if output, err := run(t, root, "go", arguments...); err != nil {
					t.Fatalf("go %s: %v\n%s", strings.Join(arguments, " "), err, output)
				}
			}
		})
	}
}

func TestWithoutItsFolderAndItsFilesThereIsNoPresence(t *testing.T) {
	module := t.TempDir()
	copyModule(t, module)
	files := taggedFiles(t, module, "presence")
	// One file for the server, one for the public package, one for the demo.
	if want := []string{"internal/demo/feature_presence.go", "internal/server/feature_presence.go", "presence.go"}; !slices.Equal(files, want) {
		t.Errorf("besides its folder presence has %q, not %q", files, want)
	}
	for _, path := range append(files, "internal/presence") {
		if err := os.RemoveAll(filepath.Join(module, path)); err != nil {
			t.Fatal(err)
		}
	}
	if output, err := run(t, module, "go", "build", "-o", "bin/", "./cmd/tidings"); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	file := filepath.Join(module, "tidings.yaml")
	if err := os.WriteFile(file, []byte("presence: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	binaries, err := filepath.Glob(filepath.Join(module, "bin", "tidings*")) // .exe on Windows
	if err != nil || len(binaries) != 1 {
		t.Fatal(binaries, err)
	}
	output, err := run(t, module, binaries[0], "check", file)
	if err == nil || !strings.Contains(output, "there is no key presence") {
		t.Errorf("the configuration still knows presence: %v\n%s", err, output)
	}
}

// taggedFiles returns the files, tests excepted, that a build without the feature leaves out.
func taggedFiles(t *testing.T, module, feature string) []string {
	t.Helper()
	var files []string
	err := fs.WalkDir(os.DirFS(module), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		data, err := os.ReadFile(filepath.Join(module, path))
		if err == nil && strings.HasPrefix(string(data), "//go:build !without_"+feature+"\n") {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// copyModule copies what a build of the server reads.
func copyModule(t *testing.T, to string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		switch {
		case entry.IsDir() && (entry.Name() == "node_modules" || slices.Contains([]string{".git", "bin", "docs", "test", "examples"}, name)):
			return filepath.SkipDir
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		case !entry.Type().IsRegular():
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), data, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}
