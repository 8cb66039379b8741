package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/server"
)

type manualCommand struct {
	Folder string `arg:"" help:"The folder, which exists."`
}

// Run is called by kong.
func (c *manualCommand) Run() error {
	pages := map[string]string{"tidings.yaml.5": config.Manual(server.Sections()...)}
	root := newParser(streams{}).Model.Node
	pages["tidings.1"] = manual(root)
	for _, child := range root.Children {
		if !child.Hidden {
			pages["tidings-"+child.Name+".1"] = manual(child)
		}
	}
	for file, text := range pages {
		if err := os.WriteFile(filepath.Join(c.Folder, file), []byte(text), 0o644); err != nil {
			return fmt.Errorf("write the page: %w", err)
		}
	}
	return nil
}

// manual returns the page of a command for man, in the macros of man(7).
func manual(node *kong.Node) string {
	var p manualPage
	title := strings.ReplaceAll(node.FullPath(), " ", "-")
	summary, detail, _ := strings.Cut(node.Help, "\n\n")
	p.line(".TH %s 1 %q %q %q", strings.ToUpper(title), "", "Tidings", "Tidings")
	p.section("NAME")
	p.text(title + " - " + strings.TrimSuffix(summary, "."))
	p.section("SYNOPSIS")
	p.line(".B %s", config.Roff(root(node).Name+" "+node.Summary()))
	if detail += node.Detail; detail != "" {
		p.section("DESCRIPTION")
		p.paragraphs(detail)
	}
	if len(node.Children) > 0 {
		p.section("COMMANDS")
		p.commands(node, "")
	} else {
		p.arguments(node)
	}
	p.flags(node)
	if node.Parent == nil {
		p.section("EXIT STATUS")
		for _, code := range exitCodes {
			p.item(fmt.Sprint(code.code), code.help)
		}
		p.section("FILES")
		p.item(systemSettings(), "The configuration, if no file is named and the working directory has no tidings.yaml.")
	}
	p.section("SEE ALSO")
	p.text("tidings(1), tidings.yaml(5), https://github.com/tidings-io/tidings")
	return p.String()
}

func root(node *kong.Node) *kong.Node {
	for node.Parent != nil {
		node = node.Parent
	}
	return node
}

type manualPage struct{ strings.Builder }

func (p *manualPage) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *manualPage) section(title string) { p.line(".SH %s", title) }

func (p *manualPage) text(text string) { p.line("%s", config.Roff(text)) }

func (p *manualPage) item(term, text string) {
	p.line(".TP\n.B %s", config.Roff(term))
	p.text(text)
}

// paragraphs writes a text of help: indented lines are examples, which keep their form.
func (p *manualPage) paragraphs(text string) {
	example := false
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		indented := strings.HasPrefix(line, "  ")
		switch {
		case indented && !example:
			p.line(".PP\n.EX")
		case !indented && example:
			p.line(".EE")
		}
		example = indented
		if line == "" {
			p.line(".PP")
			continue
		}
		p.text(line)
	}
	if example {
		p.line(".EE")
	}
}

// commands lists the commands below a node.
func (p *manualPage) commands(node *kong.Node, prefix string) {
	for _, child := range node.Children {
		switch {
		case child.Hidden:
		case len(child.Children) > 0:
			p.item(prefix+child.Name, child.Help)
			p.commands(child, prefix+child.Name+" ")
		default:
			p.item(prefix+child.Name, child.Help)
			if prefix != "" || node.Parent != nil { // it has no page of its own
				p.line(".RS")
				p.arguments(child)
				p.flagItems(child.Flags)
				p.line(".RE")
			}
		}
	}
}

func (p *manualPage) arguments(node *kong.Node) {
	if len(node.Positional) > 0 && node.Parent != nil && len(root(node).Children) > 0 && node.Parent.Parent == nil {
		p.section("ARGUMENTS")
	}
	for _, argument := range node.Positional {
		p.item(argument.Summary(), argument.Help)
	}
}

func (p *manualPage) flags(node *kong.Node) {
	p.section("OPTIONS")
	for _, group := range node.AllFlags(true) {
		p.flagItems(group)
	}
}

func (p *manualPage) flagItems(flags []*kong.Flag) {
	for _, flag := range flags {
		term, help := flag.Summary(), flag.Help
		if flag.Short != 0 {
			term = "-" + string(flag.Short) + ", " + term
		}
		if len(flag.Envs) > 0 {
			help += " The environment variable " + flag.Envs[0] + " stands for it."
		}
		p.item(term, help)
	}
}
