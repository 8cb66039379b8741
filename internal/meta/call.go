package meta

import (
	"context"
	"strings"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

// procedure is one procedure of the meta API.
type procedure struct {
	params []string // the names of its positional arguments
	raw    []string // the arguments that may have any size, and stay encoded
	run    func(*call) (wamp.Payload, error)
}

// call is one call of a procedure.
type call struct {
	*component
	caller *router.Session // nil: the server itself
	given  wamp.Dict       // all arguments, positional ones by their names; null is absent
	ctx    context.Context
}

// answer names the arguments of an invocation and runs the procedure.
func (c *component) answer(ctx context.Context, p procedure, invocation router.LocalInvocation) (wamp.Payload, error) {
	given, positional, err := invocation.Payload.Arguments(wamp.Parameters{Names: p.params, Raw: p.raw})
	if err != nil {
		return wamp.Payload{}, invalidArgument("the arguments cannot be read: %s", err)
	}
	if positional > len(p.params) {
		return wamp.Payload{}, invalidArgument("there are %d positional arguments; %s takes %d: %s",
			positional, invocation.Procedure, len(p.params), strings.Join(p.params, ", "))
	}
	return p.run(&call{component: c, caller: invocation.Caller, given: given, ctx: ctx})
}

// charge counts what the call has looked at towards the caller's rate.
func (c *call) charge(examined int) {
	if c.caller != nil {
		c.caller.ChargeQuery(publication.Work{Examined: examined})
	}
}

func (c *call) id(name string) (wamp.ID, error) {
	id, ok := c.given.ID(name)
	if !ok {
		return 0, invalidArgument("%s must be an id", name)
	}
	return id, nil
}

// text returns a string, or fallback if the argument is absent. If fallback is "", the argument is required.
func (c *call) text(name, fallback string) (string, error) {
	value, given := c.given[name]
	if !given && fallback != "" {
		return fallback, nil
	}
	text, ok := value.(string)
	if !ok {
		return "", invalidArgument("%s must be a string", name)
	}
	return text, nil
}

// strings returns an optional list of strings, nil if the argument is absent.
func (c *call) strings(name string) ([]string, error) {
	if _, given := c.given[name]; !given {
		return nil, nil
	}
	values, ok := c.given.Strings(name)
	if !ok {
		return nil, invalidArgument("%s must be a list of strings", name)
	}
	return values, nil
}

// dict returns an optional dict, nil if the argument is absent.
func (c *call) dict(name string) (wamp.Dict, error) {
	if _, given := c.given[name]; !given {
		return nil, nil
	}
	value, ok := c.given.Dict(name)
	if !ok {
		return nil, invalidArgument("%s must be a dict", name)
	}
	return value, nil
}

// raw returns an optional argument that stays encoded.
func (c *call) raw(name string) wamp.Raw {
	value, _ := c.given[name].(wamp.Raw)
	return value
}

// flag returns an optional boolean, false if the argument is absent.
func (c *call) flag(name string) (bool, error) {
	value, given := c.given[name]
	flag, ok := value.(bool)
	if given && !ok {
		return false, invalidArgument("%s must be a boolean", name)
	}
	return flag, nil
}

// match returns the option match of a lookup.
func (c *call) match() (wamp.Match, error) {
	options, err := c.dict("options")
	if err != nil {
		return wamp.MatchExact, err
	}
	name, ok := options.String("match")
	if _, given := options["match"]; given && !ok {
		return wamp.MatchExact, invalidArgument("match must be a string")
	}
	match, err := wamp.ParseMatch(name)
	if err != nil {
		return wamp.MatchExact, invalidArgument("match must be exact, prefix or wildcard")
	}
	return match, nil
}

// reason returns a URI that the caller gave as a reason, or fallback.
func (c *call) reason(fallback wamp.URI) (wamp.URI, error) {
	if _, given := c.given["reason"]; !given {
		return fallback, nil
	}
	text, err := c.text("reason", "")
	if err != nil {
		return "", err
	}
	return wamp.URI(text), wamp.URI(text).Check(c.uris, wamp.MatchExact)
}

func invalidArgument(format string, args ...any) error {
	return wamp.Fail(wamp.ErrInvalidArgument, format, args...)
}

// result returns a payload of positional values.
func result(values ...any) (wamp.Payload, error) { return wamp.NewPayload(values, nil) }
