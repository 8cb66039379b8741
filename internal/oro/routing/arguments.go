package routing

import (
	"slices"
	"strconv"
	"strings"
)

// maxArguments bounds the positions of arguments.
const maxArguments = 100

// arguments of a constructor. Some are named by their position, some by their name.
type arguments struct {
	list     []*node
	replaced map[int]*node // index_0 and so on: arguments of the parent
	named    []entry
}

// add reads arguments in a list, by position, or by name.
func (a *arguments) add(r *reader, n node) {
	for _, item := range r.items(n) {
		a.list = append(a.list, &item)
	}
	for _, e := range r.entries(n) {
		digits, replaces := strings.CutPrefix(e.key.Value, "index_")
		position, err := strconv.Atoi(digits)
		switch {
		case err != nil || position < 0 || position > maxArguments:
			a.named = append(a.named, e)
		case replaces:
			if a.replaced == nil {
				a.replaced = make(map[int]*node)
			}
			a.replaced[position] = &e.value
		default:
			a.list = placed(a.list, position, &e.value)
		}
	}
}

// placed returns a list with an element at a position.
func placed(list []*node, position int, n *node) []*node {
	for len(list) <= position {
		list = append(list, nil)
	}
	list[position] = n
	return list
}

// over returns the arguments with those of a parent in front.
func (a *arguments) over(parent arguments) arguments {
	all := arguments{list: append(slices.Clone(parent.list), a.list...), named: append(slices.Clone(a.named), parent.named...)}
	for position, n := range a.replaced {
		all.list = placed(all.list, position, n)
	}
	return all
}

// first returns the first argument, or the one that its name makes the handler's name.
func (a *arguments) first() *node {
	if len(a.list) > 0 && a.list[0] != nil {
		return a.list[0]
	}
	for _, name := range []string{"$name", "$topicName", "$topic"} {
		if found := value(a.named, name); found != nil {
			return found
		}
	}
	var texts []*node
	for _, e := range a.named {
		if name, ok := e.value.text(); ok && e.value.Tag == "!!str" && !strings.HasPrefix(name, "@") {
			texts = append(texts, &e.value)
		}
	}
	if len(texts) == 1 {
		return texts[0]
	}
	return nil
}
