package server

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/feature"
	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/policy"
)

// Warnings returns what a configuration may say, but is rarely meant: what lets everyone do everything, what no client
// can use, and what cannot work on this machine.
func Warnings(c *config.Config) config.Problems {
	found := slices.Clone(c.Warnings())
	for _, section := range c.Sections() {
		if w, ok := section.(feature.Warner); ok {
			found = append(found, w.Warnings()...)
		}
	}
	warnOpen(c, &found)
	warnClosed(c, &found)
	warnData(c, &found)
	for _, procedure := range policy.Deciders(c) {
		if !anyKeyMay(c, httpapi.ScopeDecide) {
			found.At(c, procedure.Pos, fmt.Sprintf("the server asks %s for decisions, but no API key may register it", procedure),
				`add the scope "decide" to the API key of your backend (api_keys, "may")`)
		}
	}
	if len(c.APIKeys) > 0 {
		var register, subscribe []config.Text
		for i := range c.Procedures {
			register = append(register, c.Procedures[i].Register)
		}
		for i := range c.Topics {
			subscribe = append(subscribe, c.Topics[i].Subscribe)
		}
		warnUnused(c, register, httpapi.ScopeRegister, &found)
		warnUnused(c, subscribe, httpapi.ScopeSubscribe, &found)
	}
	if c.Data != "" && c.Journal.Bytes < 4*c.Limits.KeptBytes {
		found.At(c, c.Pos("journal.bytes"),
			fmt.Sprintf("journal.bytes (%s) is less than four times limits.kept_bytes (%s): publications may be refused while the log is compacted", c.Journal.Bytes, c.Limits.KeptBytes),
			"raise journal.bytes, or lower limits.kept_bytes")
	}
	found.Sort()
	return found
}

var namesBackend = regexp.MustCompile(`\bbackend\b`)

// warnUnused adds a warning for the first rule that lets backends do what no API key has the scope for.
func warnUnused(c *config.Config, rules []config.Text, scope httpapi.Scope, found *config.Problems) {
	i := slices.IndexFunc(rules, func(rule config.Text) bool { return namesBackend.MatchString(rule.Value) })
	if i >= 0 && !anyKeyMay(c, scope) {
		found.At(c, rules[i].Pos, fmt.Sprintf("this rule is for backends, but no API key has the scope %q", scope),
			fmt.Sprintf(`add %q to the API key of a backend that does so over WAMP (api_keys, "may")`, scope))
	}
}

func anyKeyMay(c *config.Config, scope httpapi.Scope) bool {
	return slices.ContainsFunc(c.APIKeys, func(key config.APIKey) bool {
		return slices.Contains(key.May, string(scope)) || slices.Contains(key.May, httpapi.EveryScope)
	})
}
