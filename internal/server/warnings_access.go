package server

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/feature"
	"github.com/tidings-io/tidings/internal/policy"
)

// warnOpen adds warnings of what is open to more clients than is rarely meant.
func warnOpen(c *config.Config, found *config.Problems) {
	for _, origin := range c.Origins {
		if strings.TrimSpace(origin.Value) == "*" {
			found.At(c, origin.Pos, `origins has "*": pages of every website may connect, and may use the cookies and the network of their visitors`,
				"list the origins of your own pages, for example https://erp.example.com")
		}
	}
	for i, proxy := range c.TrustedProxies {
		if proxy.Bits() == 0 {
			found.At(c, c.Pos("trusted_proxies."+strconv.Itoa(i)), fmt.Sprintf("trusted_proxies has %s: every client can claim any address, and escapes the limits of its own", proxy),
				"list the addresses of your proxies, for example 10.0.0.0/8")
		}
	}
	if c.Undeclared == "allow" {
		found.At(c, c.Pos("undeclared"), "undeclared is allow: every client may do everything with topics and procedures that have no contract",
			"remove it, and declare topics and procedures")
	}
	if cookie := c.Auth.Cookie; cookie != nil && cookie.Insecure {
		found.At(c, c.Pos("auth.cookie.insecure"), "auth.cookie.insecure is true: on the way the cookie can be read, and is a login", "remove it in production, and use TLS")
	}
	for _, rule := range []struct {
		key  string
		text config.Text
	}{{"meta.kill", c.Meta.Kill}, {"meta.read", c.Meta.Read}} {
		if isRule(rule.text, "true") {
			found.At(c, rule.text.Pos, rule.key+" is true: every client may do this to the sessions of all others", "write backend, or name a role")
		}
	}
	if c.Auth.Anonymous != nil {
		warnAnonymous(c, found)
	}
}

// warnAnonymous adds warnings of topics and procedures that clients without a login can write to.
func warnAnonymous(c *config.Config, found *config.Problems) {
	for i := range c.Topics {
		if t := &c.Topics[i]; isRule(t.Publish, "true") && t.Handler == nil {
			found.At(c, t.Publish.Pos, fmt.Sprintf("clients without a login may publish to %s", t.Pattern), "write not anonymous, or backend")
		}
	}
	for i := range c.Procedures {
		if p := &c.Procedures[i]; isRule(p.Register, "true") {
			found.At(c, p.Register.Pos, fmt.Sprintf("clients without a login may register %s, and answer the calls of others", p.Pattern), "write backend")
		}
	}
}

// warnClosed adds warnings of what no client can use: contracts, or the whole configuration.
func warnClosed(c *config.Config, found *config.Problems) {
	auth := &c.Auth
	if !featureAdmits(c) && auth.Anonymous == nil && auth.Dynamic == nil && auth.Tickets == nil && len(c.APIKeys)+len(auth.Users)+len(auth.Certificates) == 0 {
		fix := "configure auth.tickets, auth.users, api_keys or auth.anonymous"
		if c.File() == "" {
			fix = "write tidings.yaml in this folder, or name a file with --config; to look around without one: tidings demo"
		}
		found.At(c, c.Pos(""), "no client can log in", fix)
		return
	}
	closed := closedContracts(c)
	for _, one := range closed.list {
		found.At(c, one.pattern.Pos, fmt.Sprintf("%s is a contract that no client may %s: a rule is missing or false", one.pattern, one.action), one.fix)
	}
	if !closed.any && !featureAdmits(c) && len(closed.list) == 0 && c.Undeclared == "refuse" && c.Authorizer == nil {
		found.At(c, c.Pos(""), "clients can log in, but may use nothing: no topic, procedure or content is declared", "declare some under topics, procedures or content")
	}
}

// featureAdmits reports whether clients can log in by a feature.
func featureAdmits(c *config.Config) bool {
	return slices.ContainsFunc(c.Sections(), func(section any) bool {
		admitter, ok := section.(feature.Admitter)
		return ok && admitter.AdmitsClients()
	})
}

// closed lists contracts that no client may use. any reports whether there is another contract.
type closed struct {
	list []closedContract
	any  bool
	keys bool // there are API keys
}

type closedContract struct {
	pattern     config.Text
	action, fix string
}

func closedContracts(c *config.Config) closed {
	found := closed{keys: len(c.APIKeys) > 0}
	for i := range c.Topics {
		found.topic(&c.Topics[i])
	}
	asked := policy.Deciders(c) // by the server, which needs no rule
	for i := range c.Procedures {
		p := &c.Procedures[i]
		if found.never(p.Call) && !slices.ContainsFunc(asked, func(a config.Text) bool { return a.Value == p.Pattern.Value }) {
			found.add(p.Pattern, "call", "write a rule, for example call: true")
		} else {
			found.any = true
		}
	}
	for _, section := range c.Sections() {
		declarer, ok := section.(feature.Declarer)
		if !ok {
			continue
		}
		for _, d := range declarer.Declare() {
			if d.Pattern.Pos.Line > 0 && found.never(d.Subscribe) && found.never(d.Publish) && found.never(d.Call) && found.never(d.Register) {
				found.add(d.Pattern, "use in full", `give it the rules that it lacks, for example '"staff" in identity.roles'`)
			} else if d.Pattern.Pos.Line > 0 {
				found.any = true
			}
		}
	}
	return found
}

// topic adds a topic without subscribers. Publications that are kept have other readers than subscribers.
func (f *closed) topic(t *config.Topic) {
	switch {
	case !f.never(t.Subscribe):
		f.any = true
	case f.never(t.Publish) && t.Every == nil:
		f.add(t.Pattern, "use", "write rules, for example subscribe: true and publish: backend")
	case t.Keep == nil:
		f.add(t.Pattern, "subscribe to", "write a rule, for example subscribe: true")
	default:
		f.any = true
	}
}

func (f *closed) add(pattern config.Text, action, fix string) {
	for _, known := range f.list {
		if known.pattern.Pos == pattern.Pos {
			return
		}
	}
	f.list = append(f.list, closedContract{pattern, action, fix})
}

// never reports whether a rule allows no client, or only backends although there is none.
func (f *closed) never(rule config.Text) bool {
	return strings.TrimSpace(rule.Value) == "" || isRule(rule, "false") || !f.keys && isRule(rule, "backend")
}

func isRule(rule config.Text, text string) bool { return strings.TrimSpace(rule.Value) == text }
