package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// nfpm makes packages of Debian and RPM without their tools.
const nfpm = "github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2"

// packages makes the deb and the rpm of a processor. Their times are those of the release, so that the bytes are the
// same each time.
func (r *makingOf) packages(processor string) error {
	template, err := os.ReadFile("packaging/linux/nfpm.yaml")
	if err != nil {
		return err
	}
	text := strings.NewReplacer("${ARCH}", processor, "${VERSION}", r.version, "${FILES}", r.staging).Replace(string(template))
	settings := r.path("nfpm.yaml")
	if err := os.WriteFile(settings, []byte(text), 0o644); err != nil {
		return err
	}
	for _, packager := range []string{"deb", "rpm"} {
		command := exec.Command("go", "run", nfpm, "package", "--config", settings, "--packager", packager, "--target", dist+"/")
		command.Env = append(os.Environ(), "SOURCE_DATE_EPOCH="+strconv.FormatInt(r.date.Unix(), 10), "GOFLAGS=")
		if said, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("make the %s: %w: %s", packager, err, said)
		}
	}
	return nil
}

// chartVersion matches the lines of Chart.yaml that have the version of the release.
var chartVersion = regexp.MustCompile(`(?m)^((?:app)?[vV]ersion): 0\.0\.0$`)

// chart packs the Helm chart, as helm package would.
func (r *makingOf) chart() error {
	const folder = "packaging/helm/tidings"
	listed, err := output("git", "ls-files", folder)
	if err != nil {
		return err
	}
	var files []file
	for path := range strings.Lines(listed + "\n") {
		path = strings.TrimSpace(path)
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, folder+"/")
		if name == "Chart.yaml" {
			text = chartVersion.ReplaceAll(text, []byte("${1}: "+r.version))
		}
		files = append(files, file{name, 0o644, text})
	}
	var packed strings.Builder
	if err := packTar(&packed, "tidings", files, r.date); err != nil {
		return err
	}
	return r.write("tidings-chart-"+r.version+".tgz", []byte(packed.String()))
}
