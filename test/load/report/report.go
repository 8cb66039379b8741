package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
)

//go:embed page.md.tmpl
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// Write writes benchmarks.md, and its plots below images/benchmarks, into dir. It removes plots that do not belong to
// the page. The same run gives the same bytes.
func Write(run Run, dir string) error {
	images := filepath.Join(dir, filepath.FromSlash(imageFolder))
	if err := os.MkdirAll(images, 0o755); err != nil {
		return fmt.Errorf("make the folder of the plots: %w", err)
	}
	if err := removePlots(images); err != nil {
		return err
	}
	p, plots := layOut(run)
	for _, plot := range plots {
		drawn, err := plot.draw()
		if err != nil {
			return fmt.Errorf("draw %s: %w", plot.name, err)
		}
		if err := os.WriteFile(filepath.Join(images, plot.name), drawn, 0o644); err != nil {
			return fmt.Errorf("write a plot: %w", err)
		}
	}
	var text bytes.Buffer
	if err := pageTemplate.Execute(&text, p); err != nil {
		return fmt.Errorf("fill in the page: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "benchmarks.md"), text.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

func removePlots(folder string) error {
	old, err := filepath.Glob(filepath.Join(folder, "*.svg"))
	if err != nil {
		return fmt.Errorf("look for old plots: %w", err)
	}
	for _, path := range old {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("remove an old plot: %w", err)
		}
	}
	return nil
}
