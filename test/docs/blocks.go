// Package docs compares the documentation with the product. It checks every configuration, runs every command against
// a real demo, and follows every link. The pages that list routes, commands, metrics and limits must list all of
// them.
//
// The package changes nothing and does not check the wording.
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

// Command is one line after a prompt, with the output that the page shows.
type Command struct {
	Line   string
	Output string // "": the page shows none
}

// Pages returns the pages for users and developers, relative to root.
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

// Blocks returns the fenced blocks of a page. A fence may be indented, as in a list.
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

// Commands returns the commands after the prompts of a console block. A backslash at the end of a line continues the
// command, and so does an open quote.
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

// Agrees reports whether a command printed the output that the page shows. `...` on the page matches any text. White
// space is ignored, so that a page may break and indent a long line.
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

// Link is a link from a page into the repository.
type Link struct {
	Page   string // relative to the root; the page itself if the link has only an anchor
	Anchor string // of a heading, or ""
}

var link = regexp.MustCompile(`\]\(([^)\s]+)`)

// Links returns the links of a page into the repository.
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

// Anchors returns the anchors of a page's headings, as GitHub makes them.
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
