package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/server"
)

type checkCommand struct {
	File   string   `arg:"" optional:"" env:"TIDINGS_CONFIG" help:"Configuration file; ./tidings.yaml or the system's if left out."`
	Strict bool     `help:"Fail on warnings, too."`
	Set    []string `help:"Override a key, as for serve; repeat for more." placeholder:"KEY=VALUE" sep:"none"`
	outputFlag
}

// Help is shown by --help.
func (checkCommand) Help() string {
	return `Example:
  tidings check tidings.yaml --strict

Names every mistake with file, line and column, and what to do. Ends with 1 if there is one. Warnings name what is
correct, but rarely meant; with --strict they count as mistakes.`
}

// Run is called by kong.
func (c *checkCommand) Run(s streams) error {
	if c.File == "" {
		if c.File = findSettings(); c.File == "" {
			return badUsage("there is neither %s: name the configuration file", lookedFor())
		}
	}
	var problems config.Problems
	parsed, err := config.Load(c.File, config.Options{Sections: server.Sections(), Set: c.Set})
	if err != nil && !errors.As(err, &problems) {
		return err
	}
	if parsed != nil {
		if err := server.Check(parsed, problems, nil); err != nil && !errors.As(err, &problems) {
			return err
		}
	}
	var warnings config.Problems
	if len(problems) == 0 {
		warnings = server.Warnings(parsed)
	}
	if c.JSON {
		return c.report(s, problems, warnings)
	}
	for _, w := range warnings {
		fmt.Fprint(s.out, "warning: ", asTyped(w.Render()))
	}
	if len(problems) > 0 {
		fmt.Fprint(s.out, asTyped(problems.Render()))
		fmt.Fprintf(s.out, "%s\n", count(len(problems), "mistake"))
		return errReported
	}
	if c.Strict && len(warnings) > 0 {
		fmt.Fprintf(s.out, "%s, and --strict allows none\n", count(len(warnings), "warning"))
		return errReported
	}
	fmt.Fprintf(s.out, "%s is fine: %s\n", c.File, strings.Join(inventory(parsed), ", "))
	return nil
}

// inventory counts the entries of a configuration.
func inventory(c *config.Config) []string {
	list := []string{count(len(c.Topics), "topic contract"), count(len(c.Procedures), "procedure contract")}
	for _, section := range c.Sections() {
		if counter, ok := section.(config.Counter); ok {
			if n, thing := counter.Count(); thing != "" {
				list = append(list, count(n, thing))
			}
		}
	}
	return append(list, count(len(c.APIKeys), "API key"))
}

// problemJSON is a mistake or a warning.
type problemJSON struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"`
}

func problemsJSON(problems config.Problems) []problemJSON {
	list := []problemJSON{}
	for _, p := range problems {
		list = append(list, problemJSON{p.File, p.Line, p.Column, p.Message, p.Fix})
	}
	return list
}

func (c *checkCommand) report(s streams, problems, warnings config.Problems) error {
	ok := len(problems) == 0 && (!c.Strict || len(warnings) == 0)
	err := printJSON(s.out, map[string]any{
		"ok": ok, "problems": problemsJSON(problems), "warnings": problemsJSON(warnings),
	})
	if err == nil && !ok {
		return errReported
	}
	return err
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
