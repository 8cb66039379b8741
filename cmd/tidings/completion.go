package main

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCommand struct {
	Shell string `arg:"" help:"bash, zsh or fish." enum:"bash,zsh,fish"`
}

// Help is shown by --help.
func (completionCommand) Help() string {
	return `Examples:
  source <(tidings completion bash)          # in ~/.bashrc
  source <(tidings completion zsh)           # in ~/.zshrc, after compinit
  tidings completion fish | source           # in ~/.config/fish/config.fish

The packages for Linux have installed the scripts already.`
}

//go:embed completion
var completions embed.FS

// Run is called by kong.
func (c *completionCommand) Run(s streams) error {
	script, err := completions.ReadFile("completion/tidings." + c.Shell)
	if err != nil {
		return fmt.Errorf("read the script: %w", err)
	}
	_, err = s.out.Write(script)
	return err
}

// completeCommand is called by the scripts.
type completeCommand struct {
	Words []string `arg:"" optional:"" passthrough:"" help:"The words behind the program; the last is not complete."`
}

// Run is called by kong.
func (c *completeCommand) Run(s streams) error {
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	for _, found := range complete(newParser(s).Model.Node, words) {
		if _, err := fmt.Fprintf(s.out, "%s\t%s\n", found.word, found.help); err != nil {
			return err
		}
	}
	return nil
}

// candidate is a word that may stand at the end of a command line.
type candidate struct{ word, help string }

// anyFile is the candidate that stands for the names of files, which the shell completes.
var anyFile = candidate{word: ":file"}

// complete returns the words that the last of words may become. Words in front of it choose the command.
func complete(node *kong.Node, words []string) []candidate {
	last := ""
	if len(words) > 0 {
		words, last = words[:len(words)-1], words[len(words)-1]
	}
	var (
		awaited *kong.Value // by the flag in front of the last word
		given   int         // positional arguments
	)
	for i := 0; i < len(words); i++ {
		awaited = nil
		flag := flagOf(node, words[i])
		child := childOf(node, words[i])
		switch {
		case flag != nil && flag.IsBool(), strings.Contains(words[i], "="):
		case flag != nil && i == len(words)-1:
			awaited = flag.Value
		case flag != nil:
			i++
		case child != nil:
			node, given = child, 0
		default:
			given++
		}
	}
	var all []candidate
	switch {
	case awaited != nil:
		all = valuesOf(awaited)
	case strings.HasPrefix(last, "-"):
		all = flagsOf(node)
	case len(node.Children) > 0 && given == 0:
		all = childrenOf(node)
	case given < len(node.Positional):
		all = valuesOf(node.Positional[given])
	}
	return slices.DeleteFunc(all, func(c candidate) bool { return c != anyFile && !strings.HasPrefix(c.word, last) })
}

// flagOf returns the flag of a command that a word names, or nil.
func flagOf(node *kong.Node, word string) *kong.Flag {
	for _, group := range node.AllFlags(true) {
		for _, flag := range group {
			if word == "--"+flag.Name || flag.Short != 0 && word == "-"+string(flag.Short) {
				return flag
			}
		}
	}
	return nil
}

func childOf(node *kong.Node, word string) *kong.Node {
	for _, child := range node.Children {
		if child.Name == word && !child.Hidden {
			return child
		}
	}
	return nil
}

func childrenOf(node *kong.Node) (list []candidate) {
	for _, child := range node.Children {
		if !child.Hidden {
			list = append(list, candidate{child.Name, child.Help})
		}
	}
	return list
}

func flagsOf(node *kong.Node) (list []candidate) {
	for _, group := range node.AllFlags(true) {
		for _, flag := range group {
			list = append(list, candidate{"--" + flag.Name, flag.Help})
		}
	}
	return list
}

// valuesOf returns the values that a flag or an argument lists, or anyFile if it takes the name of a file.
func valuesOf(value *kong.Value) (list []candidate) {
	if value.Enum != "" {
		for _, word := range value.EnumSlice() {
			list = append(list, candidate{word: word})
		}
		return list
	}
	if value.Name == "file" || value.Flag != nil && value.Flag.PlaceHolder == "FILE" {
		return []candidate{anyFile}
	}
	return nil
}
