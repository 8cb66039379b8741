package routing

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/text"
)

// Options say what is imported.
type Options struct {
	Files    Files
	Routes   []string // routing files
	Services []string // services files

	// Names of handlers of any class. Only the user of {user_id} subscribes to the topics of the first, all users to
	// those of the second, and the routes of the third are left out.
	Secured, Broadcast, Skip []string
}

// Import has the contracts of an application's routes.
type Import struct {
	Contracts []*Contract
	LeftOut   []LeftOut
	// Notes are differences that the application should know.
	Notes config.Problems
}

// Contract is the contract of one route.
type Contract struct {
	Pattern, Doc, Subscribe string
	Pos                     config.Pos // of the route

	of       *route
	pattern  *pattern
	decision *decision
}

// LeftOut is a route without a contract.
type LeftOut struct {
	Name, Why string
	Pos       config.Pos
	BuiltIn   bool
}

// importer makes contracts of routes.
type importer struct {
	*reader
	services *services
	chosen   map[string]map[string]bool // by flag: names of handlers
	skipped  map[string]bool
	made     *Import
}

// Read reads the files of an application. Problems name all that is wrong; the import is then not complete.
func Read(o Options) (*Import, config.Problems) {
	r := &reader{files: o.Files, given: append(slices.Clone(o.Routes), o.Services...), read: make(map[string]*node)}
	p := &importer{reader: r, made: &Import{}, skipped: setOf(o.Skip), chosen: map[string]map[string]bool{
		"--secured": setOf(o.Secured), "--broadcast": setOf(o.Broadcast),
	}}
	p.services = r.services(o.Services)
	routes := r.routes(o.Routes)
	p.checkFlags(o, routes)
	for _, of := range routes {
		p.route(of)
	}
	p.made.Notes = inOrder(r.notes)
	return p.made, inOrder(r.problems)
}

func setOf(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
}

// inOrder sorts problems by their places, and removes those that a file has given twice.
func inOrder(problems config.Problems) config.Problems {
	problems.Sort()
	problems = slices.Compact(problems)
	return problems[:min(len(problems), maxProblems)]
}

// checkFlags reports names of handlers that no route has, or that two flags have.
func (p *importer) checkFlags(o Options, routes []*route) {
	var known []string
	for _, of := range routes {
		known = append(known, of.handler.Value)
	}
	by := make(map[string]string)
	for _, flag := range []struct {
		name   string
		values []string
	}{{"--secured", o.Secured}, {"--broadcast", o.Broadcast}, {"--skip", o.Skip}} {
		for _, name := range flag.values {
			at := config.Pos{File: flag.name + " " + name}
			if former := by[name]; former != "" && former != flag.name {
				p.problems = append(p.problems, config.Problem{Pos: at, Message: "it is also given with " + former, Fix: "remove one"})
			}
			by[name] = flag.name
			if slices.Contains(known, name) {
				continue
			}
			fix := "give the name of a handler, as in callback: of a route"
			if near := text.Nearest(name, known); near != "" {
				fix = "did you mean " + near + "?"
			}
			p.problems = append(p.problems, config.Problem{Pos: at, Message: "no route has this handler", Fix: fix})
		}
	}
}

// route makes the contracts of a route.
func (p *importer) route(of *route) {
	if p.skipped[of.handler.Value] {
		p.leave(of, "--skip "+of.handler.Value)
		return
	}
	tokens, good := p.tokens(of)
	if !good {
		return
	}
	var patterns []*pattern
	for _, variant := range variants(tokens, of.optional) {
		made, good := p.convert(of, variant)
		if !good {
			return
		}
		patterns = append(patterns, made)
	}
	if len(patterns) == 1 && p.isBuiltIn(of, patterns[0]) {
		p.made.LeftOut = append(p.made.LeftOut, LeftOut{Name: of.name, Why: "the server has it", Pos: of.key.pos(), BuiltIn: true})
		return
	}
	decided := p.decide(of)
	if decided == nil {
		return
	}
	for _, made := range patterns {
		p.contract(of, made, decided)
	}
}

func (p *importer) contract(of *route, made *pattern, decided *decision) {
	if made.user == nil && (decided.kind == secured || decided.kind == syncFail) {
		p.fail(of.channel, "write {user_id} into the channel, or give --skip "+of.handler.Value+" and write the contract by hand",
			"the route %s is %s, but not each of its topics has a component with {user_id} alone or between fixed texts: only that user may subscribe", of.name, decided.kind)
		return
	}
	if len(made.narrowed) > 0 {
		p.note(of.channel, "give them requirements, for example [^/.]+, to be sure that none is meant",
			"in the contract of %s no dot can be in %s, because dots divide topics", of.name, "{"+strings.Join(made.narrowed, "}, {")+"}")
	}
	rule, doc := decided.subscribe(made)
	p.inOrder(&Contract{
		Pattern: made.text, Subscribe: rule, Doc: fmt.Sprintf("%s: %s.", of.name, doc), Pos: of.channel.pos(),
		of: of, pattern: made, decision: decided,
	})
}

func (p *importer) leave(of *route, why string) {
	p.made.LeftOut = append(p.made.LeftOut, LeftOut{Name: of.name, Why: why, Pos: of.key.pos()})
}

// every returns the interval of a ping, as a configuration writes it.
func (c *Contract) every() string {
	if c.decision.interval%time.Minute == 0 && c.decision.interval > 0 {
		return fmt.Sprintf("%dm", c.decision.interval/time.Minute)
	}
	return fmt.Sprintf("%ds", c.decision.interval/time.Second)
}
