// Package servers builds, starts, measures and stops the compared servers, as processes. It measures them only from
// outside, and never stops a process that it has not started.
package servers

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
)

// The programs.
const (
	Tidings    = "tidings"
	Floor      = "floor"
	Centrifuge = "centrifuge"
	Nexus      = "nexus"
	Mercure    = "mercure"
)

// libraries names the library of each peer.
var libraries = map[string]string{
	Centrifuge: "github.com/centrifugal/centrifuge",
	Nexus:      "github.com/gammazero/nexus/v3",
	Mercure:    "github.com/dunglas/mercure",
}

// module is the module of the load harness; the peers are packages in it.
const module = "github.com/tidings-io/tidings/test/load"

// Programs holds the servers' binaries, which are built on demand into one folder.
type Programs struct {
	dir   string
	paths map[string]string
}

// NewPrograms makes the folder. If the path of Tidings is empty, Tidings is built too.
func NewPrograms(tidings string) (*Programs, error) {
	dir, err := os.MkdirTemp("", "load-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the servers: %w", err)
	}
	p := &Programs{dir: dir, paths: make(map[string]string)}
	if tidings != "" {
		if p.paths[Tidings], err = filepath.Abs(tidings); err != nil {
			return nil, fmt.Errorf("find %s: %w", tidings, err)
		}
		if _, err := os.Stat(tidings); err != nil {
			return nil, fmt.Errorf("find the binary that -tidings names: %w", err)
		}
	}
	return p, nil
}

// Remove removes the folder with all binaries.
func (p *Programs) Remove() error { return os.RemoveAll(p.dir) }

// Build builds a program unless it is already built.
func (p *Programs) Build(ctx context.Context, name string) error {
	if p.paths[name] != "" {
		return nil
	}
	path := filepath.Join(p.dir, name)
	args := []string{"build", "-trimpath", "-ldflags", "-s -w", "-o", path, module + "/peers/" + name}
	dir := ""
	if name == Tidings {
		own, err := output(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module)
		if err != nil {
			return err
		}
		args[len(args)-1], dir = "./cmd/tidings", filepath.Join(own, "..", "..")
	}
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", name, err, output)
	}
	p.paths[name] = path
	return nil
}

func output(ctx context.Context, name string, args ...string) (string, error) {
	text, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return "", fmt.Errorf("run %s %s: %w", name, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(text)), nil
}

// Version returns name and version of a built program, such as "nexus v3.3.0".
func (p *Programs) Version(ctx context.Context, name string) (string, error) {
	switch name {
	case Floor:
		return Floor, nil
	case Tidings:
		return output(ctx, p.paths[Tidings], "version")
	}
	info, err := buildinfo.ReadFile(p.paths[name])
	if err != nil {
		return "", fmt.Errorf("read the version of %s: %w", name, err)
	}
	return name + " " + required(info, libraries[name]), nil
}

func required(info *debug.BuildInfo, path string) string {
	for _, dependency := range info.Deps {
		if dependency.Path == path {
			return dependency.Version
		}
	}
	return "(unknown)"
}
