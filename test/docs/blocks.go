// Package docs holds what the documentation says against the product: every configuration is checked,
// every command is run against a real demo, every link leads somewhere, and the pages that list routes,
// commands, metrics and limits list all of them.
//
// It changes nothing and asserts nothing about wording.
package docs

//go:generate go run ./reference ../../docs/configuration.md

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Block is one fenced block of a page.
type Block struct {
	File     string // relative to the root of the repository
	Line     int    // of its first line
	Language string
	Text     string
}

func (b Block) String() string { return fmt.Sprintf("%s:%d", b.File, b.Line) }

// Command is one line behind a prompt, and what the page says that it prints.
type Command struct {
	Line   string
	Output string // "": the page does not say
}

// Pages lists the pages for users and developers, relative to root.
func Pages(root string) ([]string, error) {
	var pages []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/adr/*.md", "test/*/*.md", "examples/*/*.md", "web/*.md", "web/packages/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range found {
			page, err := filepath.Rel(root, path)
			if err != nil {
				return nil, err
			}
			pages = append(pages, page)
		}
	}
	return pages, nil
}

// Blocks gives the fenced blocks of a page. A fence may be indented, as in a list.
func Blocks(root, page string) ([]Block, error) {
	text, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		return nil, err
	}
	var (
		blocks []Block
		open   *Block
		indent string
	)
	for i, line := range strings.Split(string(text), "\n") {
		before, language, fence := strings.Cut(line, "```")
		switch {
		case fence && open == nil && strings.TrimSpace(before) == "":
			open, indent = &Block{File: page, Line: i + 2, Language: strings.TrimSpace(language)}, before
		case fence && open != nil && strings.TrimSpace(line) == "```":
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			open.Text += strings.TrimPrefix(line, indent) + "\n"
		}
	}
	if open != nil {
		return nil, fmt.Errorf("%s: the block is never closed", open)
	}
	return blocks, nil
}

// Commands gives what stands behind the prompts of a console block. A backslash at the end of a line
// continues it, and so does a quote that is open.
func (b Block) Commands() []Command {
	var commands []Command
	continued := false
	for line := range strings.Lines(b.Text) {
		line = strings.TrimSuffix(line, "\n")
		command, prompt := strings.CutPrefix(line, "$ ")
		last := len(commands) - 1
		switch {
		case continued:
			commands[last].Line += "\n" + line
		case prompt:
			commands = append(commands, Command{Line: command})
			last++
		case last >= 0:
			commands[last].Output += line + "\n"
		}
		continued = (prompt || continued) && unfinished(commands[last].Line)
	}
	return commands
}

// unfinished reports whether a shell would wait for another line.
func unfinished(command string) bool {
	var quote rune
	for _, r := range command {
		switch {
		case quote == 0 && (r == '\'' || r == '"'):
			quote = r
		case r == quote:
			quote = 0
		}
	}
	return quote != 0 || strings.HasSuffix(command, `\`)
}

var space = regexp.MustCompile(`\s+`)

// Agrees reports whether a command printed what the page says. `...` on the page stands for anything;
// white space does not count, so that a page may break and indent what is one long line.
func (c Command) Agrees(printed string) bool {
	said := space.ReplaceAllString(c.Output, "")
	if said == "" {
		return true
	}
	parts := strings.Split(said, "...")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile("^" + strings.Join(parts, ".*") + "$").MatchString(space.ReplaceAllString(printed, ""))
}

// Link is where a page points to within the repository.
type Link struct {
	Page   string // relative to the root; the page itself if only a heading is named
	Anchor string // of a heading; "" if none is named
}

var link = regexp.MustCompile(`\]\(([^)\s]+)`)

// Links gives the links of a page that are not addresses.
func Links(root, page string) ([]Link, error) {
	text, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		return nil, err
	}
	var links []Link
	for _, found := range link.FindAllStringSubmatch(string(text), -1) {
		if strings.Contains(found[1], "://") {
			continue
		}
		target, anchor, _ := strings.Cut(found[1], "#")
		if target == "" {
			target = filepath.Base(page)
		}
		links = append(links, Link{Page: filepath.Join(filepath.Dir(page), target), Anchor: anchor})
	}
	return links, nil
}

var (
	heading  = regexp.MustCompile(`(?m)^#+ (.+)$`)
	unlinked = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// Anchors gives the names that a page's headings can be linked to by, as GitHub makes them.
func Anchors(root, page string) (map[string]bool, error) {
	text, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		return nil, err
	}
	anchors := map[string]bool{}
	for _, found := range heading.FindAllStringSubmatch(string(text), -1) {
		anchors[strings.ReplaceAll(unlinked.ReplaceAllString(strings.ToLower(found[1]), ""), " ", "-")] = true
	}
	return anchors, nil
}
