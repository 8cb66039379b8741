// Command tidings runs the notification server, and talks to a running one.
//
// This package is wiring: flags, texts for people, and exit codes. The commands that talk to a server use its public
// API only.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/tidings-io/tidings/internal/asynclog"
	"github.com/tidings-io/tidings/internal/text"
)

func main() {
	ctx, requests, stop := untilSignal(context.Background())
	code := run(ctx, streams{in: os.Stdin, out: os.Stdout, err: os.Stderr, signals: requests}, os.Args[1:])
	stop()
	os.Exit(code)
}

// Exit codes, for scripts.
const (
	exitOK          = 0
	exitFailed      = 1 // refused, or failed
	exitUsage       = 2 // the command line makes no sense
	exitUnreachable = 3 // no server answered
)

// exitCodes explains them in the manual.
var exitCodes = []struct {
	code int
	help string
}{
	{exitOK, "Done."},
	{exitFailed, "Refused, or failed."},
	{exitUsage, "The command line is invalid."},
	{exitUnreachable, "No server answered."},
}

// streams are the input and outputs of a command: results go to out, everything else to err.
type streams struct {
	in       io.Reader
	out, err io.Writer
	signals  *signals
}

type commands struct {
	Help    helpFlag    `short:"h" help:"Show what a command does, with an example."`
	Version versionFlag `help:"Show the version."`

	Serve       serveCommand       `cmd:"" group:"server" help:"Run the server."`
	Demo        demoCommand        `cmd:"" group:"server" help:"Run the server with an application to try it with. Needs nothing."`
	Check       checkCommand       `cmd:"" group:"server" help:"Find every mistake in a configuration file."`
	Health      healthCommand      `cmd:"" group:"server" help:"Ask a server whether it works, for supervisors."`
	Key         keyCommand         `cmd:"" group:"server" help:"Make an API key for a backend."`
	User        userCommand        `cmd:"" group:"server" help:"Make the entry of a user in the configuration."`
	Import      importCommand      `cmd:"" group:"server" help:"Write a part of the configuration from the files of another system."`
	Publish     publishCommand     `cmd:"" group:"client" help:"Publish to a topic."`
	Subscribe   subscribeCommand   `cmd:"" group:"client" help:"Show the events of a topic."`
	Call        callCommand        `cmd:"" group:"client" help:"Call a procedure."`
	Ticket      ticketCommand      `cmd:"" group:"client" help:"Issue a one-time ticket for a user."`
	Topics      topicsCommand      `cmd:"" group:"client" help:"List what is declared and what is subscribed to."`
	Who         whoCommand         `cmd:"" group:"client" help:"List who gets the events of a topic."`
	Sessions    sessionsCommand    `cmd:"" group:"client" help:"List who is connected."`
	Logout      logoutCommand      `cmd:"" group:"client" help:"Log a user out everywhere."`
	Invalidate  invalidateCommand  `cmd:"" group:"client" help:"Ask again what sessions may hold, when rights have changed."`
	Reload      reloadCommand      `cmd:"" group:"client" help:"Have a server read its configuration again."`
	Maintenance maintenanceCommand `cmd:"" group:"client" help:"Disable all open pages for maintenance, or enable them again."`
	Bench       benchCommand       `cmd:"" group:"client" help:"Measure your server: connections, latency, fan-out."`

	Completion completionCommand `cmd:"" group:"other" help:"Print the script that completes commands in a shell."`
	HelpOn     helpCommand       `cmd:"" name:"help" group:"other" help:"Show what a command does, with an example."`
	Release    versionCommand    `cmd:"" name:"version" group:"other" help:"Show the version."`
	Complete   completeCommand   `cmd:"" hidden:"" group:"other" help:"List what may follow a command line, for the scripts of completion."`
	Manual     manualCommand     `cmd:"" hidden:"" group:"other" help:"Write the manual pages into a folder, for packages."`
}

// description is shown by the help of the program.
const description = `A notification server for business web applications.

Examples:
  tidings demo                            # look around, without a configuration
  tidings check tidings.yaml              # find the mistakes in a configuration
  tidings serve --config tidings.yaml     # run the server
  tidings help publish                    # what a command does, with an example`

// newParser returns the parser of the command line.
func newParser(s streams, more ...kong.Option) *kong.Kong {
	return kong.Must(&commands{}, append(more,
		kong.Name(installed),
		kong.Description(description),
		kong.Writers(s.out, s.err),
		kong.NoDefaultHelp(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.ExplicitGroups([]kong.Group{
			{Key: "server", Title: "Run a server:"},
			{Key: "client", Title: "Talk to a running server:"},
			{Key: "other", Title: "Know more:"},
		}),
		kong.Bind(s),
	)...)
}

// run parses the arguments, runs the command, and returns the exit code.
func run(ctx context.Context, s streams, args []string) int {
	switch {
	case len(args) == 0:
		args = []string{"--help"}
	case args[0] == "help":
		args = append(args[1:len(args):len(args)], "--help")
	}
	parser := newParser(s, kong.BindTo(ctx, (*context.Context)(nil)))
	speakAsTyped(parser.Model.Node)
	parsed, err := parser.Parse(args)
	switch {
	case errors.Is(err, errShown):
		return exitOK
	case err != nil:
		fmt.Fprintf(s.err, "tidings: %v\nTry: %s%s --help\n", unknownCommand(parser, err, args[0]), program(), commandOf(err))
		return exitUsage
	}
	return report(s, parsed.Run())
}

// unknownCommand returns the error for a command line whose first word is no command, and another err as it is. The
// parser calls such a word an unexpected argument, and compares the word with every command however different.
func unknownCommand(parser *kong.Kong, err error, first string) error {
	if commandOf(err) != "" || strings.HasPrefix(first, "-") {
		return err
	}
	var names []string
	for _, command := range parser.Model.Children {
		if command.Name == first {
			return err
		}
		if !command.Hidden {
			names = append(names, command.Name)
		}
	}
	if near := text.Nearest(first, names); near != "" {
		return badUsage("there is no command %s; did you mean %s?", first, near)
	}
	return badUsage("there is no command %s", first)
}

// speakAsTyped makes the texts of help name the program as it was started.
func speakAsTyped(node *kong.Node) {
	node.Help, node.Detail = asTyped(node.Help), asTyped(node.Detail)
	if node.Parent == nil {
		node.Name = program()
	}
	for _, child := range node.Children {
		speakAsTyped(child)
	}
}

// report prints an error and returns the exit code for it.
func report(s streams, err error) int {
	var usage *usageError
	var unreachable *unreachableError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errReported):
		return exitFailed
	case errors.As(err, &usage):
		complain(s, err)
		return exitUsage
	case errors.As(err, &unreachable):
		complain(s, err)
		return exitUnreachable
	default:
		complain(s, err)
		return exitFailed
	}
}

// patience bounds the wait for a reader of standard error, when the process is about to end.
const patience = time.Second

// complain prints an error. A standard error that is not read must not keep the process from ending.
func complain(s streams, err error) {
	w := asynclog.New(s.err, asynclog.Options{})
	fmt.Fprintln(w, "tidings:", asTyped(err.Error()))
	w.Flush(patience)
}

// commandOf returns the name of the command that a wrong command line begins with.
func commandOf(err error) string {
	var parse *kong.ParseError
	if !errors.As(err, &parse) || parse.Context == nil || parse.Context.Command() == "" {
		return ""
	}
	path := ""
	for node := parse.Context.Selected(); node != nil && node.Parent != nil; node = node.Parent {
		path = " " + node.Name + path
	}
	return path
}

// errReported stands for a failure that the command has printed already.
var errReported = errors.New("already reported")

// usageError reports a wrong command line.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

func badUsage(format string, args ...any) error {
	return &usageError{message: fmt.Sprintf(format, args...)}
}

// helpFlag shows the help and stops parsing. The flag of kong exits the process instead.
type helpFlag bool

// errShown ends the parsing after a flag that shows something.
var errShown = errors.New("a text was shown")

// IgnoreDefault tells kong not to call BeforeReset unless the flag is given.
func (helpFlag) IgnoreDefault() {}

// BeforeReset is called by kong when it parses the flag.
func (helpFlag) BeforeReset(ctx *kong.Context) error {
	if err := ctx.PrintUsage(false); err != nil {
		return err
	}
	return errShown
}

// helpCommand is the word help in front of a command; run turns it into the flag.
type helpCommand struct {
	Command []string `arg:"" optional:"" help:"The command."`
}

// Help is shown by --help.
func (helpCommand) Help() string {
	return `Examples:
  tidings help
  tidings help maintenance on`
}

// versionFlag shows the version and stops parsing.
type versionFlag bool

// IgnoreDefault tells kong not to call BeforeReset unless the flag is given.
func (versionFlag) IgnoreDefault() {}

// BeforeReset is called by kong when it parses the flag.
func (versionFlag) BeforeReset(s streams) error {
	if err := new(versionCommand).Run(s); err != nil {
		return err
	}
	return errShown
}
