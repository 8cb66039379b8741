// Command release builds what a release consists of, into dist/:
//
//	go run ./.ci/release 1.2.3 [linux/amd64 ...]
//
// For each system it makes an archive with the static binary, manual pages, completions of shells, a configuration to
// begin with, the licenses of all that is linked in or embedded, README.md and CHANGELOG.md; and a list of the modules
// (CycloneDX). For Linux it also makes a deb and an rpm. With them come the Helm chart and SHA256SUMS. The same commit
// and the same Go release give the same bytes on every machine. The program needs a clean checkout, a version that
// CHANGELOG.md has a section for (a pre-release such as 1.2.3-rc.1 needs none), and no tag of that version on another
// commit. It publishes nothing.
package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const dist = "dist"

// platforms are built if none is named.
var platforms = []string{
	"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64",
	"freebsd/amd64", "freebsd/arm64", "windows/amd64", "windows/arm64",
}

// semantic matches a version of semantic versioning without build metadata. Its group is a pre-release.
var semantic = regexp.MustCompile(`^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$`)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./.ci/release 1.2.3 [linux/amd64 ...]")
		os.Exit(2)
	}
	if err := release(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func release(version string, wanted []string) error {
	if err := check(version); err != nil {
		return err
	}
	date, err := date()
	if err != nil {
		return err
	}
	if len(wanted) == 0 {
		wanted = platforms
	}
	if err := os.RemoveAll(dist); err != nil {
		return err
	}
	if err := os.MkdirAll(dist, 0o755); err != nil {
		return err
	}
	r := &makingOf{version: version, date: date}
	defer r.close()
	if err := r.prepare(); err != nil {
		return err
	}
	for _, platform := range wanted {
		if !slices.Contains(platforms, platform) {
			return fmt.Errorf("no release is made for %q: choose from %s", platform, strings.Join(platforms, ", "))
		}
		if err := r.platform(platform); err != nil {
			return fmt.Errorf("%s: %w", platform, err)
		}
	}
	if err := r.chart(); err != nil {
		return fmt.Errorf("pack the chart: %w", err)
	}
	return writeSums()
}

// writeSums writes the checksums of all files of the release, in the order of their names.
func writeSums() error {
	files, err := os.ReadDir(dist)
	if err != nil {
		return err
	}
	var sums strings.Builder
	for _, file := range files {
		content, err := os.ReadFile(filepath.Join(dist, file.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(content), file.Name())
		fmt.Printf("%s (%.1f MB)\n", filepath.Join(dist, file.Name()), float64(len(content))/1e6)
	}
	return os.WriteFile(filepath.Join(dist, "SHA256SUMS"), []byte(sums.String()), 0o644)
}

// check returns an error unless the checkout can become this version.
func check(version string) error {
	parts := semantic.FindStringSubmatch(version)
	if parts == nil {
		return fmt.Errorf("%q is no version: it has the form 1.2.3 or 1.2.3-rc.1", version)
	}
	dirty, err := output("git", "status", "--porcelain")
	if err != nil {
		return err
	}
	if dirty != "" {
		return fmt.Errorf("these files are not committed, so the release could not be built again:\n%s", dirty)
	}
	if parts[1] == "" {
		changes, err := os.ReadFile("CHANGELOG.md")
		if err != nil {
			return err
		}
		if !regexp.MustCompile(`(?m)^## ` + regexp.QuoteMeta(version) + `\b`).Match(changes) {
			return fmt.Errorf("CHANGELOG.md has no section %q: rename Unreleased and commit it", "## "+version)
		}
	}
	return checkTag("v" + version)
}

// checkTag returns an error if a tag of the version exists and names another commit.
func checkTag(tag string) error {
	found, err := output("git", "tag", "--list", tag)
	if err != nil || found == "" {
		return err
	}
	tagged, err := output("git", "rev-parse", tag+"^{commit}")
	if err != nil {
		return err
	}
	head, err := output("git", "rev-parse", "HEAD")
	if err != nil {
		return err
	}
	if tagged != head {
		return fmt.Errorf("the tag %s is on commit %s, and %s is checked out", tag, tagged, head)
	}
	return nil
}

// date returns the time that all files of the archives get: SOURCE_DATE_EPOCH, or the time of the commit.
func date() (time.Time, error) {
	seconds := os.Getenv("SOURCE_DATE_EPOCH")
	if seconds == "" {
		var err error
		if seconds, err = output("git", "log", "-1", "--format=%ct"); err != nil {
			return time.Time{}, err
		}
	}
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the date of the release: %w", err)
	}
	return time.Unix(unix, 0).UTC(), nil
}

// build returns the binary for a platform. Flags of the environment would change it, and are ignored.
func build(version, system, processor string) ([]byte, error) {
	folder, err := os.MkdirTemp("", "tidings-release-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	binary := filepath.Join(folder, "tidings")
	command := exec.Command("go", "build", "-trimpath", "-buildvcs=false", // which tags a clone has would change it
		"-ldflags", "-s -w -X github.com/tidings-io/tidings/internal/server.version=v"+version,
		"-o", binary, "./cmd/tidings")
	command.Env = append(os.Environ(), "GOOS="+system, "GOARCH="+processor, "CGO_ENABLED=0", "GOFLAGS=", "GOAMD64=v1", "GOARM64=v8.0")
	command.Stderr = os.Stderr
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("build: %w", err)
	}
	return os.ReadFile(binary)
}

// output returns what a command prints, without white space around it.
func output(name string, arguments ...string) (string, error) {
	command := exec.Command(name, arguments...)
	var said bytes.Buffer
	command.Stderr = &said
	text, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(arguments, " "), err, strings.TrimSpace(said.String()))
	}
	return strings.TrimSpace(string(text)), nil
}
