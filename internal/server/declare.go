package server

import (
	"context"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/content"
	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/maintenance"
	"github.com/tidings-io/tidings/internal/policy"
	"github.com/tidings-io/tidings/internal/presence"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/wamp"
)

// declarations returns the contracts below "tidings." of all features.
func declarations(c *config.Config) []policy.Declaration {
	var all []policy.Declaration
	all = append(all, declareContent(c.Content, c.ContentPublish)...)
	all = append(all, declarePresence(c.Presence)...)
	return append(all, declareMaintenance()...)
}

// declareContent returns the contracts of the feature content.
func declareContent(contents []config.Content, publish config.Text) []policy.Declaration {
	var declared []policy.Declaration
	for _, c := range contents {
		declared = append(declared, policy.Declaration{
			Prefix: content.TopicPrefix, Pattern: c.Pattern, Doc: c.Doc, Subscribe: c.Watch,
		})
	}
	return append(declared, policy.Declaration{
		Pattern: config.Text{Value: string(content.TopicChanged)}, Doc: "Takes changes of content as publications.",
		Publish: publish, Scope: httpapi.ScopeContent,
	})
}

// enterRecord with a record is a procedure that exists for its rule alone: a session that may call the
// procedure may enter the record. No callee registers it.
const enterRecord = string(presence.ProcedureEnter) + "."

// declarePresence returns the contracts of the feature presence.
func declarePresence(records []config.Presence) []policy.Declaration {
	always := config.Text{Value: "true"}
	var declared []policy.Declaration
	for _, r := range records {
		declared = append(declared,
			policy.Declaration{Prefix: presence.TopicPrefix, Pattern: r.Pattern, Doc: r.Doc, Subscribe: r.See},
			policy.Declaration{Procedure: true, Prefix: enterRecord, Pattern: r.Pattern, Call: r.Enter, Hidden: true},
		)
	}
	for _, procedure := range []wamp.URI{presence.ProcedureEnter, presence.ProcedureLeave} {
		declared = append(declared, policy.Declaration{
			Procedure: true, Pattern: config.Text{Value: string(procedure)}, Doc: "Presence at a record; the record's own rule decides.",
			Call: always,
		})
	}
	return declared
}

// enterRule decides by the rule "enter" which sessions may be present at a record.
type enterRule struct{ policy *policy.Policy }

// Enter implements [presence.Gate].
func (e enterRule) Enter(_ context.Context, s *router.Session, record string) error {
	if e.policy.RuleAllows(s.Identity(), router.Call, wamp.URI(enterRecord+record)) {
		return nil
	}
	// The client knows nothing of the contract behind the rule.
	return wamp.Fail(wamp.ErrNotAuthorized, "%q may not enter the record %q: no section of presence in the configuration allows it", s.Identity().ID, record)
}

// declareMaintenance returns the contracts of the feature maintenance.
func declareMaintenance() []policy.Declaration {
	return []policy.Declaration{{
		Pattern: config.Text{Value: string(maintenance.Topic)}, Doc: "The state of the site: whether maintenance is on.",
		Subscribe: config.Text{Value: "true"},
	}}
}

// Interface guards.
var _ presence.Gate = enterRule{}
