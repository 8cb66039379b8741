package router

import (
	"context"
	"maps"
	"strings"

	"github.com/tidings-io/tidings/internal/wamp"
)

// metaProcedure is one procedure of the router's own.
type metaProcedure struct {
	params []string // the names of its positional arguments
	run    func(*metaCall) (wamp.Payload, error)
}

// metaCall is a call of one: what it was given, positional arguments by their names.
type metaCall struct {
	realm  *Realm
	caller *Session // nil: the server itself
	given  wamp.Dict
	ctx    context.Context
}

// ownProcedures are callable in every realm without being registered: nobody can take their names, and
// who may call them is decided as for every procedure.
func ownProcedures(r *Realm) map[wamp.URI]*registration {
	own := make(map[wamp.URI]*registration)
	for _, procedures := range []map[wamp.URI]metaProcedure{
		sessionProcedures, subscriptionProcedures, registrationProcedures, historyProcedures, testamentProcedures,
	} {
		for uri, procedure := range procedures {
			own[uri] = &registration{procedure: uri, local: &Registration{
				Procedure: uri,
				Handler: func(ctx context.Context, invocation Invocation) (wamp.Payload, error) {
					return r.callMeta(ctx, procedure, invocation)
				},
			}}
		}
	}
	return own
}

func (r *Realm) callMeta(ctx context.Context, procedure metaProcedure, invocation Invocation) (wamp.Payload, error) {
	if invocation.Caller == nil { // a session does so once it has its answer
		defer r.publishMeta()
	}
	var positional []any
	given := wamp.Dict{}
	if err := invocation.Payload.Decode(&positional, &given); err != nil {
		return wamp.Payload{}, invalidArgument("the arguments cannot be read: %s", err)
	}
	if len(positional) > len(procedure.params) {
		return wamp.Payload{}, invalidArgument("there are %d positional arguments; %s takes %d: %s",
			len(positional), invocation.Procedure, len(procedure.params), strings.Join(procedure.params, ", "))
	}
	given = maps.Clone(given)
	if given == nil {
		given = wamp.Dict{}
	}
	for i, value := range positional {
		given[procedure.params[i]] = value
	}
	maps.DeleteFunc(given, func(_ string, value any) bool { return value == nil }) // null is as good as absent
	return procedure.run(&metaCall{realm: r, caller: invocation.Caller, given: given, ctx: ctx})
}

func invalidArgument(format string, args ...any) error {
	return wamp.Fail(wamp.ErrInvalidArgument, format, args...)
}

// result is a payload of positional values.
func result(values ...any) (wamp.Payload, error) { return wamp.NewPayload(values, nil) }

func (c *metaCall) id(name string) (wamp.ID, error) {
	id, ok := c.given.ID(name)
	if !ok {
		return 0, invalidArgument("%s must be an id", name)
	}
	return id, nil
}

// text reads a string. Without it, fallback is taken; "" as the fallback means that it is required.
func (c *metaCall) text(name, fallback string) (string, error) {
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

// strings reads an optional list of strings; nil without it.
func (c *metaCall) strings(name string) ([]string, error) {
	if _, given := c.given[name]; !given {
		return nil, nil
	}
	values, ok := c.given.Strings(name)
	if !ok {
		return nil, invalidArgument("%s must be a list of strings", name)
	}
	return values, nil
}

func (c *metaCall) dict(name string) (wamp.Dict, error) {
	if _, given := c.given[name]; !given {
		return nil, nil
	}
	value, ok := c.given.Dict(name)
	if !ok {
		return nil, invalidArgument("%s must be a dict", name)
	}
	return value, nil
}

// match reads how a lookup means its URI.
func (c *metaCall) match() (wamp.Match, error) {
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
