package routing

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxArguments bounds the positions of arguments.
const maxArguments = 100

// topicTag marks the services that handle topics.
const topicTag = "gos_web_socket.topic"

// topicInterface is implemented by every handler. Symfony gives the tag by it.
const topicInterface = `Gos\Bundle\WebSocketBundle\Topic\TopicInterface`

// handler is a service that handles topics.
type handler struct {
	class    string
	service  string
	at       node
	interval string // the third argument, for the class that pings
}

// unclear is a service that handles topics of an unknown name.
type unclear struct {
	service string
	why     string
}

// service is a definition in a services file.
type service struct {
	id                   string
	at                   node
	class, parent        *node
	arguments            arguments
	tagged               bool
	autoconfigure        bool
	abstract, isAlias    bool
	taggedByTheInterface bool // by _instanceof of its file
}

// arguments of a constructor. Some are named by their position, some by their name.
type arguments struct {
	list     []*node
	replaced map[int]*node // index_0 and so on: arguments of the parent
	named    []entry
}

// services joins the definitions of all services files.
type services struct {
	*reader
	byID       map[string]*service
	order      []string
	parameters map[string]node
	handlers   map[string]*handler
	untagged   map[string]*handler // services with the name of a handler as first argument, but without the tag
	unclear    []unclear
}

func (r *reader) services(names []string) *services {
	s := &services{reader: r, byID: make(map[string]*service), parameters: make(map[string]node), handlers: make(map[string]*handler), untagged: make(map[string]*handler)}
	i := &importing{reader: r, lenient: true}
	i.visit = func(root node) { s.file(i, root) }
	for _, name := range names {
		i.file(name, nil)
	}
	for _, id := range s.order {
		s.handler(s.byID[id])
	}
	return s
}

// file reads imports first, as Symfony does: what the file says itself replaces what it imports.
func (s *services) file(i *importing, root node) {
	if root.Kind != yaml.MappingNode {
		s.fail(root, "write services: and the services below it", "the file has no services: it is %s", root.describe())
		return
	}
	list := s.entries(root)
	if imports := value(list, "imports"); imports != nil {
		for _, item := range s.items(*imports) {
			s.follow(i, item)
		}
	}
	if parameters := value(list, "parameters"); parameters != nil {
		for _, e := range s.entries(*parameters) {
			s.parameters[e.key.Value] = e.value
		}
	}
	if section := value(list, "services"); section != nil {
		s.section(*section)
	}
}

func (s *services) follow(i *importing, item node) {
	if name, ok := item.text(); ok {
		i.resource(item, name, nil)
		return
	}
	i.importOf(item, i.entries(item))
}

func (s *services) section(section node) {
	var defaults service
	byInterface := false
	for _, e := range s.entries(section) {
		switch e.key.Value {
		case "_defaults":
			s.body(&defaults, s.entries(e.value))
		case "_instanceof":
			for _, condition := range s.entries(e.value) {
				if strings.TrimPrefix(condition.key.Value, `\`) == topicInterface {
					var given service
					s.body(&given, s.entries(condition.value))
					byInterface = byInterface || given.tagged
				}
			}
		}
	}
	for _, e := range s.entries(section) {
		if id := e.key.Value; !strings.HasPrefix(id, "_") && !strings.HasSuffix(id, `\`) {
			s.add(e, defaults, byInterface)
		}
	}
}

func (s *services) add(e entry, defaults service, byInterface bool) {
	made := &service{id: e.key.Value, at: e.key, tagged: defaults.tagged, autoconfigure: defaults.autoconfigure, taggedByTheInterface: byInterface}
	made.arguments.named = slices.Clone(defaults.arguments.named)
	switch e.value.Kind {
	case yaml.ScalarNode:
		made.isAlias = !e.value.isNull()
	case yaml.SequenceNode: // short for arguments
		made.arguments.add(s.reader, e.value)
	case yaml.MappingNode:
		s.body(made, s.entries(e.value))
	default: // there are no others inside a document
	}
	if s.byID[made.id] == nil {
		s.order = append(s.order, made.id)
	}
	s.byID[made.id] = made
}

// body reads the keys of a definition that decide about handlers.
func (s *services) body(made *service, list []entry) {
	for _, e := range list {
		switch e.key.Value {
		case "class":
			made.class = &e.value
		case "parent":
			made.parent = &e.value
		case "alias":
			made.isAlias = true
		case "abstract":
			made.abstract = e.value.Value == "true"
		case "autoconfigure":
			made.autoconfigure = e.value.Value == "true"
		case "arguments":
			made.arguments.add(s.reader, e.value)
		case "bind":
			made.arguments.named = append(made.arguments.named, s.entries(e.value)...)
		case "tags":
			made.tagged = made.tagged || s.hasTag(e.value)
		}
	}
}

// hasTag knows the forms of tags: a name, {name: ...}, and the name as key.
func (s *services) hasTag(tags node) bool {
	return slices.ContainsFunc(append(s.items(tags), tags), func(tag node) bool {
		if name, ok := tag.text(); ok {
			return name == topicTag
		}
		list := s.entries(tag)
		if name := value(list, "name"); name != nil {
			return name.Value == topicTag
		}
		return value(list, topicTag) != nil
	})
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

// handler finds out whether a service handles topics, of which name, and of which class it is.
func (s *services) handler(of *service) {
	if of.abstract || of.isAlias {
		return
	}
	class, given, err := s.inherited(of)
	if err == nil {
		class, err = s.resolve(class)
	}
	class = strings.TrimPrefix(class, `\`)
	_, known := classes[class]
	tagged := of.tagged || known && (of.autoconfigure || of.taggedByTheInterface)
	found := &handler{class: class, service: of.id, at: of.at, interval: "50"}
	var name string
	if err == nil {
		name, err = s.nameIn(given)
	}
	switch {
	case err != nil && tagged:
		s.unclear = append(s.unclear, unclear{of.id, err.Error()})
	case err != nil:
	case tagged:
		if len(given.list) > 2 && given.list[2] != nil {
			found.interval, _ = s.resolve(given.list[2].Value)
		}
		s.register(name, found)
	default:
		s.untagged[name] = found
	}
}

func (s *services) register(name string, found *handler) {
	if former := s.handlers[name]; former != nil && former.class != found.class {
		s.unclear = append(s.unclear, unclear{found.service, fmt.Sprintf("%s and %s both handle %s, with different classes", former.service, found.service, name)})
		found = &handler{service: found.service, at: found.at}
	}
	s.handlers[name] = found
}

// inherited returns class and arguments of a service with those of its parents.
func (s *services) inherited(of *service) (class string, all arguments, err error) {
	chain := []*service{of}
	for at := of; at.parent != nil; {
		id := strings.TrimPrefix(at.parent.Value, "@")
		next := s.byID[id]
		switch {
		case next == nil:
			return "", all, fmt.Errorf("its parent %s is in none of the files", id)
		case len(chain) > maxDepth:
			return "", all, fmt.Errorf("its parents go round, or are more than %d", maxDepth)
		}
		chain, at = append(chain, next), next
	}
	for _, at := range slices.Backward(chain) { // the outermost first
		if at.class != nil {
			class = at.class.Value
		}
		all = at.arguments.over(all)
	}
	if class == "" {
		class = of.id
	}
	return class, all, nil
}

// nameIn returns the name that the first argument gives a handler.
func (s *services) nameIn(given arguments) (string, error) {
	first := given.first()
	if first == nil {
		return "", errors.New("it has no argument that could be the name of a handler")
	}
	name, ok := first.text()
	if !ok || strings.HasPrefix(name, "@") {
		return "", fmt.Errorf("its first argument is no text, but %s", first.describe())
	}
	return s.resolve(name)
}

// parameter matches the name of a parameter, or the escape of a percent sign.
var parameter = regexp.MustCompile(`%[^%\s]*%`)

// resolve replaces the parameters in a text.
func (s *services) resolve(text string) (string, error) {
	for range maxDepth {
		var missing error
		resolved := parameter.ReplaceAllStringFunc(text, func(found string) string {
			if found == "%%" {
				return found
			}
			value, ok := s.parameters[strings.Trim(found, "%")]
			if !ok {
				missing = fmt.Errorf("the parameter %s is in none of the files", found)
				return found
			}
			inner, ok := value.text()
			if !ok {
				missing = fmt.Errorf("the parameter %s is no text, but %s", found, value.describe())
			}
			return inner
		})
		if missing != nil {
			return "", missing
		}
		if resolved == text {
			return strings.ReplaceAll(text, "%%", "%"), nil
		}
		text = resolved
	}
	return "", fmt.Errorf("the parameters of %.100q go round", text)
}
