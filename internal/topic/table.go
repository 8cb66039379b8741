package topic

import (
	"context"
	"iter"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// Table holds compiled contracts and decides on requests. It is immutable, but for its counters, and
// safe for concurrent use.
type Table struct {
	undeclared  Policy
	prefixes    []Prefix
	rulePayload int     // bytes of a payload that a rule reads
	roots       [2]trie // by Kind
	contracts   []*Contract
	refused     [len(reasonNames)]atomic.Uint64
}

// Request is one question to a [Table]. It needs no session: a request of the HTTP API has the identity
// of an API key.
type Request struct {
	Identity *peer.Identity // nil for an unknown client
	Action   peer.Action
	URI      wamp.URI
	Match    wamp.Match
	Payload  wamp.Payload // of publish and call
	// Trusted requests are those of the program around the server. No rule is evaluated for them, and
	// they may use reserved URIs where undeclared URIs are allowed.
	Trusted bool
}

// Verdict is the result of a lookup or of a decision.
type Verdict struct {
	// Contract governs the URI. It is nil for an undeclared URI, and for an allowed pattern: more than
	// one contract may govern its URIs. For a refused pattern it is the contract that refuses.
	Contract *Contract
	Params   map[string]string // of the URI; read-only
	Field    Field             // that decided; FieldPattern if no rule was evaluated
}

func (t *Table) add(c *Contract) {
	t.contracts = append(t.contracts, c)
	t.roots[c.Kind].insert(c)
}

// Contracts returns all contracts in the order of their declarations. The slice is read-only.
func (t *Table) Contracts() []*Contract { return t.contracts }

// Lookup returns the contract that governs a URI, and the URI's parameters.
func (t *Table) Lookup(kind Kind, uri wamp.URI) (verdict Verdict, ok bool) {
	c := t.Governing(kind, uri)
	if c == nil {
		return Verdict{}, false
	}
	return Verdict{Contract: c, Params: c.Pattern.values(string(uri))}, true
}

// Governing returns the contract that governs a URI, or nil. It allocates nothing.
func (t *Table) Governing(kind Kind, uri wamp.URI) *Contract {
	text := string(uri)
	c := t.roots[kind].find(text, 0)
	if c == nil {
		return nil
	}
	// {tenant}.status of the application does not govern tidings.status.
	if first, _, _ := cut(text); wamp.IsReserved(first) && !c.Reserved {
		return nil
	}
	return c
}

// Authorize decides on a request. The error is a [*wamp.Failure] that names the URI and says what to
// do, or a [*FaultError] around one. The verdict says what decided, in either case.
func (t *Table) Authorize(ctx context.Context, r Request) (Verdict, error) {
	if r.Match != wamp.MatchExact {
		return t.authorizePattern(&r)
	}
	v, ok := t.Lookup(kindOf(r.Action), r.URI)
	if !ok {
		return Verdict{}, t.undeclaredURI(&r)
	}
	v.Field = fieldOf(r.Action)
	rule := v.Contract.Rule(r.Action)
	yes, err := r.Trusted, error(nil)
	if !yes {
		variables := environmentOf(&r, v.Params)
		if rule.ReadsPayload() {
			if err := variables.readPayload(t, &r, v.Contract); err != nil {
				return v, err
			}
		}
		yes, err = rule.holds(variables)
	}
	switch {
	case err != nil && rule.ReadsPayload():
		return v, t.refuseUnread(ctx, &r, v.Contract, err)
	case err != nil:
		return v, t.refuse(Broken, "the %s rule of %s failed for %s: %v", r.Action, v.Contract.Pattern, nameOf(r.Identity), err)
	case !yes && rule.text == "":
		return v, t.refuse(RuleSaysNo, "nobody may %s %s: its contract %s has no %s rule", verb(r.Action), r.URI, v.Contract.Pattern, r.Action)
	case !yes:
		of := ""
		if rule.ReadsPayload() {
			of = " to this payload"
		}
		return v, t.refuse(RuleSaysNo, "%s may not %s %s: the %s rule of %s says no%s", nameOf(r.Identity), verb(r.Action), r.URI, r.Action, v.Contract.Pattern, of)
	}
	if r.Action == peer.Publish || r.Action == peer.Call {
		if err := t.CheckPayload(ctx, v.Contract, r.Payload); err != nil {
			v.Field = FieldSchema
			return v, err
		}
	}
	return v, nil
}

func (t *Table) undeclaredURI(r *Request) error {
	kind := kindOf(r.Action)
	if r.Trusted && t.undeclared == Allow {
		return nil
	}
	if first, _, _ := cut(string(r.URI)); wamp.IsReserved(first) {
		if said := t.undeclaredIn(kind, r.URI); said != "" {
			return t.refuse(Undeclared, "%s", said)
		}
		return t.refuse(Undeclared, "%s %s is not declared, and %s. is reserved for the server", kind, r.URI, first)
	}
	if t.undeclared == Allow {
		return nil
	}
	return t.refuse(Undeclared, "%s", t.Undeclared(kind, r.URI))
}

// authorizePattern decides on a prefix or a wildcard. It allows the pattern if it allows every URI that
// the pattern can match, now and later. So
//
//   - the pattern must match URIs of at least one contract, unless undeclared URIs are allowed;
//   - the rule of every contract that the pattern can match must hold for all of the contract's URIs.
//     A rule that reads the URI, or a parameter that the pattern leaves open, might refuse one of
//     them and counts as a refusal;
//   - none of these contracts may have a hook that decides on single topics;
//   - the pattern must not match URIs below "wamp.", unless the client is a backend or contracts
//     govern these URIs.
//
// The test whether a pattern can match a contract errs towards true, so a mistake refuses too much.
func (t *Table) authorizePattern(r *Request) (Verdict, error) {
	if reachesProtocol(r) && (r.Identity == nil || !r.Identity.Backend) && !t.rulesProtocol(kindOf(r.Action)) {
		return Verdict{}, t.refuse(PatternTooWide, "%s may not %s the pattern %q: it also matches wamp., which is reserved", nameOf(r.Identity), verb(r.Action), r.URI)
	}
	declared := false
	for _, c := range t.contracts {
		if c.Kind != kindOf(r.Action) {
			continue
		}
		fixed, ok := c.Pattern.meets(string(r.URI), matcherOf(r.Match))
		if !ok {
			continue
		}
		declared = true
		if err := t.authorizeMet(r, c, fixed); err != nil {
			return Verdict{Contract: c, Params: fixed, Field: fieldOf(r.Action)}, err
		}
	}
	if !declared && t.undeclared == Refuse {
		return Verdict{}, t.refuse(Undeclared, "no declared %s matches the %s %q; declare one under %ss in the configuration", kindOf(r.Action), r.Match, r.URI, kindOf(r.Action))
	}
	return Verdict{}, nil
}

// Met returns the contracts with URIs that a prefix or a wildcard can match. It may return more, but never fewer.
func (t *Table) Met(kind Kind, uri wamp.URI, match wamp.Match) iter.Seq[*Contract] {
	return func(yield func(*Contract) bool) {
		for _, c := range t.contracts {
			if c.Kind != kind {
				continue
			}
			if _, ok := c.Pattern.meets(string(uri), matcherOf(match)); ok && !yield(c) {
				return
			}
		}
	}
}

func matcherOf(match wamp.Match) matcher {
	if match == wamp.MatchWildcard {
		return meetsWildcard
	}
	return meetsPrefix
}

// authorizeMet decides on one contract that a pattern can match.
func (t *Table) authorizeMet(r *Request, c *Contract, fixed map[string]string) error {
	if c.asked && r.Action == peer.Subscribe {
		return t.refuse(PatternTooWide, "the pattern %q also matches %s, whose handler decides over single topics: subscribe to each topic by its name", r.URI, c.Pattern)
	}
	rule := c.Rule(r.Action)
	if !rule.decidable(fixed) {
		return t.refuse(PatternTooWide, "the pattern %q also matches %s, whose %s rule decides over single %ss", r.URI, c.Pattern, r.Action, c.Kind)
	}
	yes, err := rule.holds(environmentOf(r, fixed))
	if err != nil {
		return t.refuse(Broken, "the %s rule of %s failed for %s: %v", r.Action, c.Pattern, nameOf(r.Identity), err)
	}
	if !yes {
		return t.refuse(PatternTooWide, "%s may not %s the pattern %q: it also matches %s, whose %s rule says no", nameOf(r.Identity), verb(r.Action), r.URI, c.Pattern, r.Action)
	}
	return nil
}

// rulesProtocol reports whether any contract covers URIs below "wamp.". If none does, clients have no
// access there.
func (t *Table) rulesProtocol(k Kind) bool {
	return slices.ContainsFunc(t.contracts, func(c *Contract) bool {
		return c.Kind == k && c.Pattern.components[0].text == wamp.FirstProtocol
	})
}

// reachesProtocol reports whether a pattern can match a URI below "wamp.".
func reachesProtocol(r *Request) bool {
	first, _, more := strings.Cut(string(r.URI), ".")
	if r.Match == wamp.MatchPrefix && !more {
		return strings.HasPrefix(wamp.FirstProtocol, first)
	}
	return first == wamp.FirstProtocol || first == "" && r.Match == wamp.MatchWildcard
}
