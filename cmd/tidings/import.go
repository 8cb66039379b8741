package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/oro/routing"
	"github.com/tidings-io/tidings/internal/server"
)

type importCommand struct {
	Oro importOro `cmd:"" help:"Write contracts for the topics of an OroPlatform application."`
}

type importOro struct {
	Config    fileList `help:"Routing files (websocket_routing.yml), in the order of the application; one or more." placeholder:"FILE" required:"" sep:"none"`
	Services  fileList `help:"Services files, which have the classes of the handlers; one or more." placeholder:"FILE" sep:"none"`
	Secured   []string `help:"Handler of an own class that lets only the user of {user_id} subscribe; repeat for more." placeholder:"NAME"`
	Broadcast []string `help:"Handler of an own class that lets all users subscribe; repeat for more." placeholder:"NAME"`
	Skip      []string `help:"Handler whose routes are left out; repeat for more." placeholder:"NAME"`
	Output    string   `help:"Write the contracts into a file; standard output if left out." placeholder:"FILE"`
	outputFlag
}

// Help is shown by --help.
func (importOro) Help() string {
	return `Example:
  tidings import oro --config src/*/Resources/config/oro/websocket_routing.yml \
    --services src/*/Resources/config/services.yml --output oro-topics.yaml

Reads the routes of an application's own topics, and writes a contract for each, to be put below topics: in
tidings.yaml. The server has the contracts of Oro's own topics already. The class of the handler decides who
may subscribe: BroadcastTopic, SecuredTopic, SyncFailTopic, WebsocketPingTopic. Other classes are named, and
--secured, --broadcast or --skip decide about their handlers. What a contract cannot say is named with file,
line and column, and nothing is written; the command then ends with 1.`
}

// fileList is a flag with one or more files, as a shell makes them of a pattern.
type fileList []string

// Decode implements [kong.MapperValue].
func (f *fileList) Decode(ctx *kong.DecodeContext) error {
	words := ctx.Scan.PopWhile(func(t kong.Token) bool { return t.IsValue() })
	if len(words) == 0 {
		return errors.New("expected the name of a file")
	}
	for _, word := range words {
		*f = append(*f, word.String())
	}
	return nil
}

// machine opens files by their paths.
type machine struct{}

func (machine) Open(name string) (fs.File, error)     { return os.Open(name) }
func (machine) Glob(pattern string) ([]string, error) { return filepath.Glob(pattern) }

// Run is called by kong.
func (c *importOro) Run(s streams) error {
	made, problems := routing.Read(routing.Options{
		Files: machine{}, Routes: c.Config, Services: c.Services, Secured: c.Secured, Broadcast: c.Broadcast, Skip: c.Skip,
	})
	text := made.YAML()
	if len(problems) == 0 {
		problems = checkImport(made)
	}
	if len(problems) == 0 && c.Output != "" {
		if err := c.write(text); err != nil {
			return err
		}
	}
	if c.JSON {
		return c.report(s, made, text, problems)
	}
	for _, note := range made.Notes {
		fmt.Fprint(s.err, "warning: ", asTyped(note.Render()))
	}
	if len(problems) > 0 {
		fmt.Fprint(s.err, asTyped(problems.Render()))
		fmt.Fprintf(s.err, "%s, and nothing is written\n", count(len(problems), "mistake"))
		return errReported
	}
	fmt.Fprintf(s.err, "%s\n", strings.Join(c.summary(made), ", "))
	if c.Output != "" {
		return nil
	}
	_, err := s.out.Write(text)
	return err
}

// summary says what is written and what is not.
func (c *importOro) summary(made *routing.Import) []string {
	builtIn := 0
	for _, left := range made.LeftOut {
		if left.BuiltIn {
			builtIn++
		}
	}
	list := []string{count(len(made.Contracts), "topic contract")}
	if c.Output != "" {
		list[0] = c.Output + ": " + list[0]
	}
	if builtIn > 0 {
		list = append(list, fmt.Sprintf("%d left out because the server has them", builtIn))
	}
	if other := len(made.LeftOut) - builtIn; other > 0 {
		list = append(list, fmt.Sprintf("%d left out for other reasons, which the file has", other))
	}
	return list
}

func (c *importOro) report(s streams, made *routing.Import, text []byte, problems config.Problems) error {
	answer := map[string]any{
		"ok": len(problems) == 0, "problems": problemsJSON(problems), "warnings": problemsJSON(made.Notes), "contracts": len(made.Contracts),
	}
	if len(problems) == 0 && c.Output == "" {
		answer["yaml"] = string(text)
	}
	err := printJSON(s.out, answer)
	if err == nil && len(problems) > 0 {
		return errReported
	}
	return err
}

// write writes the contracts into the file. A file of another origin is not replaced.
func (c *importOro) write(text []byte) error {
	former, err := os.ReadFile(c.Output)
	switch {
	case err == nil && len(former) > 0 && !bytes.HasPrefix(former, []byte(routing.Mark)):
		return fmt.Errorf("%s is there already, and not from this command: remove it, or name another file with --output", c.Output)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("write the contracts: %w", err)
	}
	if err := os.WriteFile(c.Output, text, 0o644); err != nil {
		return fmt.Errorf("write the contracts: %w", err)
	}
	return nil
}

// checkImport has the server check the contracts, beside those of its own. Its problems are those of the routes.
func checkImport(made *routing.Import) config.Problems {
	var problems config.Problems
	text, source := made.ForCheck()
	parsed, err := config.Parse(contractsFile, text, config.Options{
		Sections: server.Sections(), Lookup: func(string) (string, bool) { return "", false },
	})
	if err != nil && !errors.As(err, &problems) {
		return config.Problems{{Message: err.Error()}}
	}
	if parsed != nil {
		if err := server.Check(parsed, problems, nil); err != nil && !errors.As(err, &problems) {
			return config.Problems{{Message: err.Error()}}
		}
	}
	for i, p := range problems {
		if at, ok := source(p.Line); ok {
			at.Message, at.Fix = "its contract is refused: "+placeOfRoute(p.Message, source), p.Fix
			problems[i] = at
		}
	}
	return problems
}

// contractsFile is the name that the check knows the contracts by, before they are a file.
const contractsFile = "contracts"

var contractsPlace = regexp.MustCompile(` at ` + contractsFile + `:(\d+):\d+`)

// placeOfRoute replaces the places of contracts in a message by those of their routes.
func placeOfRoute(message string, source func(line int) (config.Problem, bool)) string {
	return contractsPlace.ReplaceAllStringFunc(message, func(place string) string {
		line, err := strconv.Atoi(contractsPlace.FindStringSubmatch(place)[1])
		if err != nil {
			return place
		}
		if at, ok := source(line); ok {
			return " at " + at.Pos.String()
		}
		return ", which is Oro's own"
	})
}
