package report_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/test/load/report"
)

var rewrite = flag.Bool("rewrite", false, "write the golden page instead of comparing with it; read the diff")

// sample returns an invented run: some scenarios are missing, and one is unknown.
func sample(t *testing.T) report.Run {
	t.Helper()
	data, err := os.ReadFile("testdata/run.json")
	if err != nil {
		t.Fatal(err)
	}
	var run report.Run
	if err := json.Unmarshal(data, &run); err != nil {
		t.Fatal(err)
	}
	return run
}

// written returns all files of a report by name.
func written(t *testing.T, run report.Run) map[string]string {
	t.Helper()
	dir := t.TempDir()
	if err := report.Write(run, dir); err != nil {
		t.Fatal(err)
	}
	return files(t, dir)
}

func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		all[filepath.ToSlash(name)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestThePageIsTheGoldenPage(t *testing.T) {
	const golden = "testdata/benchmarks.md"
	got := written(t, sample(t))["benchmarks.md"]
	if *rewrite {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("the page differs (-want +got); if the new page is right, run with -rewrite:\n%s", diff)
	}
}

func TestThePageShowsAllPlotsAndNoOthers(t *testing.T) {
	all := written(t, sample(t))
	for name := range all {
		if name != "benchmarks.md" && !strings.Contains(all["benchmarks.md"], "]("+name+")") {
			t.Errorf("the page does not show %s", name)
		}
	}
	if shown := strings.Count(all["benchmarks.md"], "!["); shown != len(all)-1 {
		t.Errorf("the page shows %d plots, and there are %d", shown, len(all)-1)
	}
}

func TestPlotsAreWellFormedAndSmall(t *testing.T) {
	for name, text := range written(t, sample(t)) {
		if !strings.HasSuffix(name, ".svg") {
			continue
		}
		if len(text) > 60<<10 {
			t.Errorf("%s has %d bytes", name, len(text))
		}
		decoder := xml.NewDecoder(strings.NewReader(text))
		for {
			_, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
				break
			}
		}
	}
}

func TestEveryTextOfAPlotHasItsWidth(t *testing.T) {
	for name, text := range written(t, sample(t)) {
		if !strings.HasSuffix(name, ".svg") {
			continue
		}
		if texts, widths := strings.Count(text, "<text"), strings.Count(text, "<text textLength="); texts == 0 || texts != widths {
			t.Errorf("%s has %d texts, of which %d have a width", name, texts, widths)
		}
	}
}

func TestTheSameRunGivesTheSameBytes(t *testing.T) {
	if diff := cmp.Diff(written(t, sample(t)), written(t, sample(t))); diff != "" {
		t.Error(diff)
	}
}

func TestPlotsOfAnEarlierRunAreRemoved(t *testing.T) {
	dir := t.TempDir()
	if err := report.Write(sample(t), dir); err != nil {
		t.Fatal(err)
	}
	if err := report.Write(report.Run{}, dir); err != nil {
		t.Fatal(err)
	}
	if left := files(t, dir); len(left) != 1 {
		t.Errorf("%d files are left instead of the page alone", len(left))
	}
}

func TestARunWithoutMeasurementsIsAPage(t *testing.T) {
	page := written(t, report.Run{})["benchmarks.md"]
	if !strings.Contains(page, "| not measured |") || strings.Contains(page, "| yes |") {
		t.Errorf("this page claims something:\n%s", page)
	}
}
