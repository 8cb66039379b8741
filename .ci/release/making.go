package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// makingOf holds what all files of a release share.
type makingOf struct {
	version string
	date    time.Time
	staging string // a temporary folder
	shared  []file // of all archives
}

// prepare makes the manual and reads what all archives contain.
func (r *makingOf) prepare() (err error) {
	if r.staging, err = os.MkdirTemp("", "tidings-release-*"); err != nil {
		return err
	}
	if err := os.Mkdir(r.path("man"), 0o755); err != nil {
		return err
	}
	command := exec.Command("go", "run", "./cmd/tidings", "manual", r.path("man"))
	command.Stderr = os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("write the manual: %w", err)
	}
	for _, from := range []string{"LICENSE", "README.md", "CHANGELOG.md", "packaging/tidings.yaml", "cmd/tidings/completion/*", r.path("man/*")} {
		if err := r.share(from); err != nil {
			return err
		}
	}
	return nil
}

// share adds files to all archives. Manual pages and completions have folders there.
func (r *makingOf) share(pattern string) error {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		return fmt.Errorf("there is no %s", pattern)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name := filepath.Base(path)
		if folder := filepath.Base(filepath.Dir(path)); folder == "man" || folder == "completion" {
			name = folder + "/" + name
		}
		r.shared = append(r.shared, file{name, 0o644, text})
	}
	return nil
}

func (r *makingOf) path(name string) string { return filepath.Join(r.staging, name) }

// close removes the temporary files.
func (r *makingOf) close() {
	if err := os.RemoveAll(r.staging); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// platform makes the files of one platform.
func (r *makingOf) platform(platform string) error {
	system, processor, _ := strings.Cut(platform, "/")
	binary, err := build(r.version, system, processor)
	if err != nil {
		return err
	}
	notices, err := licenses(system, processor)
	if err != nil {
		return err
	}
	files := append([]file{{"tidings", 0o755, binary}, {"THIRD-PARTY-LICENSES", 0o644, notices}}, r.shared...)
	for _, f := range files[:2] {
		if err := os.WriteFile(r.path(f.name), f.content, os.FileMode(f.mode)); err != nil {
			return err
		}
	}
	if system == "windows" {
		files[0].name = "tidings.exe"
	}
	name, content, err := r.archive(files, system, processor)
	if err != nil {
		return err
	}
	if err := r.write(name, content); err != nil {
		return err
	}
	if err := r.billOfMaterials(system, processor); err != nil {
		return fmt.Errorf("list the modules: %w", err)
	}
	if system == "linux" {
		return r.packages(processor)
	}
	return nil
}

func (r *makingOf) write(name string, content []byte) error {
	return os.WriteFile(filepath.Join(dist, name), content, 0o644)
}
