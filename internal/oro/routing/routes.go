package routing

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tidings-io/tidings/internal/text"
)

// route is an entry of a routing file.
type route struct {
	name         string
	key          node // the name
	channel      node
	handler      node
	requirements map[string]requirement
	optional     map[string]bool // parameters with a default
}

// requirement is the expression of a parameter, as it is written.
type requirement struct {
	at       node
	text     string
	wildcard bool // the value may also be a literal star
}

var routeKeys = []string{"channel", "pattern", "handler", "callback", "requirements", "defaults", "options", "resource", "type", "exclude"}

// routes reads routing files in the order of the application: a route replaces one of the same name.
func (r *reader) routes(names []string) []*route {
	var all []*route
	i := &importing{reader: r}
	add := func(made *route) {
		at := slices.IndexFunc(all, func(o *route) bool { return o.name == made.name })
		if at >= 0 {
			if former := all[at].key; former.pos() != made.key.pos() {
				r.note(made.key, "remove one of them if that is not meant", "the route %s replaces that of %s", made.name, former.pos())
			}
			all = slices.Delete(all, at, at+1)
		}
		all = append(all, made)
	}
	i.visit = func(root node) { i.routingFile(root, add) }
	for _, name := range names {
		i.file(name, nil)
	}
	return all
}

// routingFile reads the routes of a file: by name, as a list, or below the configuration of the bundles that route.
func (i *importing) routingFile(root node, add func(*route)) {
	switch root.Kind {
	case yaml.MappingNode:
		for _, e := range i.entries(root) {
			switch e.key.Value {
			case "gos_web_socket", "gos_pubsub_router":
				i.bundleConfig(e)
			default:
				i.route(e.key, e.value, add)
			}
		}
	case yaml.SequenceNode:
		for _, item := range i.items(root) {
			i.listed(item, add)
		}
	default:
		i.fail(root, "write a name for each route, and its keys below it: channel, handler", "the file has no routes: it is %s", root.describe())
	}
}

// listed reads an element of a list of routes: a route below its name, a route with the key name, or an import.
func (i *importing) listed(item node, add func(*route)) {
	list := i.entries(item)
	if resource := value(list, "resource"); resource != nil {
		i.importOf(item, list)
		return
	}
	if name := value(list, "name"); name != nil {
		if _, ok := name.text(); ok {
			plain := slices.DeleteFunc(slices.Clone(list), func(e entry) bool { return e.key.Value == "name" })
			i.routeOf(*name, plain, add)
			return
		}
	}
	if len(list) == 1 && list[0].value.Kind == yaml.MappingNode {
		i.route(list[0].key, list[0].value, add)
		return
	}
	i.fail(item, "write the name of the route, and its keys below it", "an element of the list of routes must be a route with its name, but it is %s", item.describe())
}

// bundleConfig reads the imports in the configuration of GosWebSocketBundle and GosPubSubRouterBundle.
func (i *importing) bundleConfig(e entry) {
	var resources []node
	if server := value(i.entries(e.value), "server"); server != nil {
		if router := value(i.entries(*server), "router"); router != nil {
			if list := value(i.entries(*router), "resources"); list != nil {
				resources = append(resources, i.items(*list)...)
			}
		}
	}
	if routers := value(i.entries(e.value), "routers"); routers != nil {
		for _, router := range i.entries(*routers) {
			if list := value(i.entries(router.value), "resources"); list != nil {
				resources = append(resources, i.items(*list)...)
			}
		}
	}
	for _, resource := range resources {
		if name, ok := resource.text(); ok {
			i.resource(resource, name, nil)
			continue
		}
		i.importOf(resource, i.entries(resource))
	}
}

func (i *importing) route(key, body node, add func(*route)) {
	if body.Kind != yaml.MappingNode {
		i.fail(key, "write channel and handler below its name", "the route %s must be a section of keys, but it is %s", key.Value, body.describe())
		return
	}
	i.routeOf(key, i.entries(body), add)
}

// routeOf reads the keys of a route, or of an import.
func (i *importing) routeOf(key node, list []entry, add func(*route)) {
	good := true
	for _, e := range list {
		if !slices.Contains(routeKeys, e.key.Value) {
			fix := "a route has " + strings.Join(routeKeys, ", ")
			if near := text.Nearest(e.key.Value, routeKeys); near != "" {
				fix = "did you mean " + near + "?"
			}
			i.fail(e.key, fix, "the route %s has the key %s, which routes do not have", key.Value, e.key.Value)
			good = false
		}
	}
	resource := value(list, "resource")
	if resource != nil {
		if value(list, "channel") != nil || value(list, "pattern") != nil {
			i.fail(key, "make two entries of it", "%s is a route and an import", key.Value)
			return
		}
		i.importOf(key, list)
		return
	}
	for _, name := range []string{"type", "exclude"} {
		if at := value(list, name); at != nil {
			i.fail(*at, "remove it, or name the file in resource", "the route %s has %s, which is for imports", key.Value, name)
			good = false
		}
	}
	made := &route{name: key.Value, key: key}
	var hasChannel, hasHandler bool
	made.channel, hasChannel = i.channelOf(key, list)
	made.handler, hasHandler = i.handlerOf(key, list)
	hasRequirements := i.requirementsOf(made, list)
	hasOptions := i.optionsOf(made, list)
	if good && hasChannel && hasHandler && hasRequirements && hasOptions {
		add(made)
	}
}

// one returns the value of a key that has two names.
func (i *importing) one(key node, list []entry, name, other string) (found node, ok bool) {
	first, second := value(list, name), value(list, other)
	switch {
	case first != nil && second != nil:
		i.fail(*second, "remove one of them", "the route %s has %s and %s", key.Value, name, other)
	case first != nil:
		return *first, true
	case second != nil:
		return *second, true
	default:
		i.fail(key, "write "+name+": below it", "the route %s has no %s", key.Value, name)
	}
	return node{}, false
}

func (i *importing) channelOf(key node, list []entry) (node, bool) {
	channel, ok := i.one(key, list, "channel", "pattern")
	if !ok {
		return channel, false
	}
	if name, isText := channel.text(); !isText || name == "" {
		i.fail(channel, "write the topic, for example acme/order/{id}", "the channel of %s must be text, but it is %s", key.Value, channel.describe())
		return channel, false
	}
	return channel, true
}

// handlerOf returns the name of the handler, in each of its forms.
func (i *importing) handlerOf(key node, list []entry) (node, bool) {
	handler, ok := i.one(key, list, "handler", "callback")
	if !ok {
		return handler, false
	}
	if handler.Kind == yaml.MappingNode {
		inner := i.entries(handler)
		for _, e := range inner {
			if e.key.Value != "callback" && e.key.Value != "args" {
				i.fail(e.key, "write callback: and the name of the handler", "the handler of %s has the key %s, which handlers do not have", key.Value, e.key.Value)
				return handler, false
			}
		}
		callback := value(inner, "callback")
		if callback == nil {
			i.fail(handler, "write callback: and the name of the handler", "the handler of %s has no callback", key.Value)
			return handler, false
		}
		handler = *callback
	}
	if name, isText := handler.text(); !isText || name == "" {
		i.fail(handler, "write the name of a handler, for example acme.order", "the handler of %s must be one name, but it is %s", key.Value, handler.describe())
		return handler, false
	}
	return handler, true
}
