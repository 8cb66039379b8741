package policy

import (
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/router/peer"
)

// sessionDeclarations returns the contracts of what every client may know and do about its own session.
func sessionDeclarations() []Declaration {
	always := config.Text{Value: ruleAlways}
	return []Declaration{
		{Pattern: config.Text{Value: "tidings.session.expiring"}, Doc: "The session is about to end.", Subscribe: always},
		{Pattern: config.Text{Value: "tidings.session.revoked"}, Doc: "A subscription or registration was taken from the session.", Subscribe: always},
		{Procedure: true, Pattern: config.Text{Value: "tidings.session.{ask:renew|lifetime}"}, Doc: "Renews the session, or says when it ends.", Call: always},
	}
}

// metaDeclarations returns the contracts of the topics and procedures of the router itself. A client
// reaches no other URI below "wamp.". API keys need the scopes that the HTTP API asks for.
func metaDeclarations(meta *config.Meta) []Declaration {
	topic := func(pattern, doc string, scope httpapi.Scope) Declaration {
		return Declaration{Pattern: config.Text{Value: pattern}, Doc: doc, Subscribe: meta.Read, Scope: scope, Section: "meta", Keys: map[peer.Action]string{peer.Subscribe: "read"}}
	}
	procedure := func(pattern, doc string, scope httpapi.Scope, call config.Text) Declaration {
		key := "read"
		if call == meta.Kill {
			key = "kill"
		}
		return Declaration{
			Procedure: true, Pattern: config.Text{Value: pattern}, Doc: doc, Call: call, Scope: scope,
			Section: "meta", Keys: map[peer.Action]string{peer.Call: key},
		}
	}
	const sessions, topics = httpapi.ScopeSessions, httpapi.ScopeTopics
	always := config.Text{Value: ruleAlways}
	return []Declaration{
		topic("wamp.session.{event:on_join|on_leave}", "Who comes and goes.", sessions),
		topic("wamp.subscription.{event:on_create|on_subscribe|on_unsubscribe|on_delete}", "Who subscribes to what.", topics),
		topic("wamp.registration.{event:on_create|on_register|on_unregister|on_delete}", "Who registers what.", topics),
		procedure("wamp.session.{ask:count|list|get}", "Who is here.", sessions, meta.Read),
		procedure("wamp.session.{end:kill|kill_by_authid|kill_by_authrole|kill_all}", "Ends sessions of others.", sessions, meta.Kill),
		procedure("wamp.subscription.{ask:list|lookup|match|get|list_subscribers|count_subscribers}", "Who listens to what.", topics, meta.Read),
		procedure("wamp.subscription.remove_subscriber", "Takes a subscription away from a session.", sessions, meta.Kill),
		procedure("wamp.registration.remove_callee", "Takes a registration away from a session.", sessions, meta.Kill),
		procedure("wamp.subscription.get_events", "What was published before; the subscribe rule of the topic decides.", httpapi.ScopeSubscribe, always),
		procedure("wamp.session.{will:add_testament|flush_testaments}", "What is published when the session ends; the publish rule of the topic decides.", httpapi.ScopePublish, always),
		procedure("wamp.registration.{ask:list|lookup|match|get|list_callees|count_callees}", "Who answers what.", topics, meta.Read),
	}
}
