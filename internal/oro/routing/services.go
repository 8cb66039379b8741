package routing

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// topicTag marks the services that handle topics.
const topicTag = "gos_web_socket.topic"

// topicInterface is implemented by every handler. Symfony gives the tag by it.
const topicInterface = `Gos\Bundle\WebSocketBundle\Topic\TopicInterface`

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
	if production := value(list, "when@prod"); production != nil {
		s.file(i, *production)
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
