// Package servers builds, starts, measures and stops the servers that are compared, as processes. It
// knows them from outside only, and ends none that it has not started.
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

// libraries are what the peers are made of.
var libraries = map[string]string{
	Centrifuge: "github.com/centrifugal/centrifuge",
	Nexus:      "github.com/gammazero/nexus/v3",
	Mercure:    "github.com/dunglas/mercure",
}

// module is this one; the peers are packages in it.
const module = "github.com/tidings-io/tidings/test/load"

// Programs are the servers' binaries, built as they are needed into a folder of their own.
type Programs struct {
	dir   string
	paths map[string]string
}

// NewPrograms makes the folder. The path of Tidings may be empty, and then it is built, too.
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

// Remove removes everything that was built.
func (p *Programs) Remove() error { return os.RemoveAll(p.dir) }

// Build builds a program if that has not been done.
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
	if said, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", name, err, said)
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

// Version says what a program that has been built is, such as "nexus v3.3.0".
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
