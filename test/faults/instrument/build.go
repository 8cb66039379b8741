package instrument

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed os.go.txt
var osFile []byte

//go:embed time.go.txt
var timeFile []byte

// patch is a change of a file of Go's library. The text to replace is there exactly once.
type patch struct{ file, from, to string }

var patches = []patch{
	{"os/file.go", "n, e := f.write(b)", "n, e := faultsWrite(f, b)"},
	{"os/file.go", "m, e := f.pwrite(b, off)", "m, e := faultsWriteAt(f, b, off)"},
	{"os/file.go", "n, handled, e := f.readFrom(r)", "n, handled, e := faultsReadFrom(f, r)"},
	{"os/file.go", "f, err := openFileNolog(name, flag, perm)", "f, err := faultsOpen(name, flag, perm)"},
	{"os/file.go", "return rename(oldpath, newpath)", "return faultsRename(oldpath, newpath)"},
	{"os/file.go", "func Mkdir(name string, perm FileMode) error {", "func faultsMkdir(name string, perm FileMode) error {"},
	{"os/file_posix.go", "f.pfd.Ftruncate(size)", "faultsTruncate(f, size)"},
	{"os/file_posix.go", "f.pfd.Fsync()", "faultsSync(f)"},
	{"os/file_unix.go", "func Truncate(name string, size int64) error {", "func faultsTruncateName(name string, size int64) error {"},
	{"os/file_unix.go", "func Remove(name string) error {", "func faultsRemove(name string) error {"},
	{"os/file_unix.go", "func Link(oldname, newname string) error {", "func faultsLink(oldname, newname string) error {"},
	{"os/file_unix.go", "func Symlink(oldname, newname string) error {", "func faultsSymlink(oldname, newname string) error {"},
	{"os/path.go", "return removeAll(path)", "return faultsRemoveAll(path)"},
	{"time/time.go", "sec, nsec, mono := runtimeNow()", "sec, nsec, mono := faultsNow()"},
}

// Build compiles the program into a folder and returns its path. The program obeys FAULTS_FOLDER and FAULTS_TRACE, and
// FAULTS_CLOCK; without them it behaves like any other.
func Build(ctx context.Context, dir string) (string, error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("find Go's library: %w", err)
	}
	overlay, err := write(filepath.Join(strings.TrimSpace(string(root)), "src"), dir)
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "tidings-instrumented")
	build := exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "-o", program, "github.com/tidings-io/tidings/cmd/tidings")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build tidings with another os and time: %w\n%s", err, output)
	}
	return program, nil
}

// write writes the changed files and the overlay, and returns the path of the overlay.
func write(library, dir string) (string, error) {
	changed := make(map[string][]byte)
	for _, p := range patches {
		path := filepath.Join(library, p.file)
		text, ok := changed[path]
		if !ok {
			var err error
			if text, err = os.ReadFile(path); err != nil {
				return "", err
			}
		}
		if n := bytes.Count(text, []byte(p.from)); n != 1 {
			return "", fmt.Errorf("%s has %q %d times, not once: adapt package instrument to this release of Go", p.file, p.from, n)
		}
		changed[path] = bytes.Replace(text, []byte(p.from), []byte(p.to), 1)
	}
	changed[filepath.Join(library, "os/faults.go")] = osFile
	changed[filepath.Join(library, "time/faults.go")] = timeFile
	replace := make(map[string]string)
	for path, text := range changed {
		name := filepath.Join(dir, filepath.Base(filepath.Dir(path))+"-"+filepath.Base(path)+".txt")
		if err := os.WriteFile(name, text, 0o600); err != nil {
			return "", err
		}
		replace[path] = name
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, overlay, 0o600)
}
