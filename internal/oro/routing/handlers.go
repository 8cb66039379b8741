package routing

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

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
