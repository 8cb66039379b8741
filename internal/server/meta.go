package server

import (
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

// metaKill are the procedures that act on others: an API key needs the scope for that.
var metaKill = map[wamp.URI]bool{
	"wamp.session.kill": true, "wamp.session.kill_by_authid": true,
	"wamp.session.kill_by_authrole": true, "wamp.session.kill_all": true,
	"wamp.subscription.remove_subscriber": true, "wamp.registration.remove_callee": true,
}

// addMeta declares what the router itself publishes and answers. Nothing else below wamp. exists.
func (b *contracts) addMeta(meta *config.Meta) {
	read := map[topic.Field]config.Text{topic.FieldSubscribe: meta.Read, topic.FieldCall: meta.Read}
	kill := map[topic.Field]config.Text{topic.FieldCall: meta.Kill}
	for _, d := range []struct{ pattern, doc string }{
		{"wamp.session.{event:on_join|on_leave}", "Who comes and goes."},
		{"wamp.subscription.{event:on_create|on_subscribe|on_unsubscribe|on_delete}", "Who subscribes to what."},
		{"wamp.registration.{event:on_create|on_register|on_unregister|on_delete}", "Who registers what."},
	} {
		b.add(topic.Declaration{Pattern: d.pattern, Doc: d.doc, Subscribe: meta.Read.Value, Publish: nobody, Reserved: true}, declared{texts: read})
	}
	everyone := config.Text{Value: everybody}
	for _, d := range []struct {
		pattern, doc string
		rule         config.Text
		texts        map[topic.Field]config.Text
	}{
		{"wamp.session.{ask:count|list|get}", "Who is here.", meta.Read, read},
		{"wamp.session.{end:kill|kill_by_authid|kill_by_authrole|kill_all}", "Ends sessions of others.", meta.Kill, kill},
		{"wamp.subscription.{ask:list|lookup|match|get|list_subscribers|count_subscribers}", "Who listens to what.", meta.Read, read},
		{"wamp.subscription.remove_subscriber", "Takes a subscription away from a session.", meta.Kill, kill},
		{"wamp.registration.remove_callee", "Takes a registration away from a session.", meta.Kill, kill},
		{"wamp.subscription.get_events", "What was published before; the subscribe rule of the topic decides.", everyone, nil},
		{"wamp.session.{will:add_testament|flush_testaments}", "What is published when the session ends; the publish rule of the topic decides.", everyone, nil},
		{"wamp.registration.{ask:list|lookup|match|get|list_callees|count_callees}", "Who answers what.", meta.Read, read},
	} {
		b.add(topic.Declaration{Kind: topic.Procedure, Pattern: d.pattern, Doc: d.doc, Call: d.rule.Value, Register: nobody, Reserved: true}, declared{texts: d.texts})
	}
}
