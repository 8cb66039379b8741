package oro

import (
	"strings"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/feature"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/wamp"
)

// The topics with a behavior of their own.
const (
	topicPing        wamp.URI = "oro/ping"
	topicDataUpdate  wamp.URI = "oro/data/update"
	topicMaintenance wamp.URI = "oro/maintenance"

	// tagPrefix begins the hidden topics whose rule is that of data_update.
	tagPrefix = "tidings.oro.tag."
)

// The rules of Oro's kinds of topics.
const (
	everyUser   = "not anonymous"
	thatUser    = "params.user_id == identity.id"
	orEveryUser = everyUser + ` and (params.user_id == "*" or ` + thatUser + `)`
	ofMembers   = ` and (params.organization_id == "*" or int(params.organization_id) in (identity.claims.organizations ?? []))`
)

// builtIn are the topics of Oro's platform.
var builtIn = []struct{ pattern, doc, subscribe string }{
	{string(topicPing), "Says every 50 seconds that the connection works.", everyUser},
	{string(topicDataUpdate), "Lists the tags of data that has changed.", everyUser},
	{string(topicMaintenance), "Says whether maintenance is on.", everyUser},
	{`oro/email_event/{user_id:[0-9]+}/{organization_id:[0-9]+|\*}`, "Says that a user has new mail.", thatUser},
	{`oro/attribute_import/{user_id:[0-9]+}/{config_model_id:[0-9]+}`, "Says that an import of attributes is finished.", thatUser},
	{`oro/imap_sync_fail/{user_id:[0-9]+|\*}`, "Says that a mailbox cannot be synchronized.", orEveryUser},
	{"oro/message_queue_heartbeat", "Says that no consumer of the message queue runs.", everyUser},
	{"oro/reminder_remind/{user_id:[0-9]+}", "Reminds a user.", thatUser},
	{"oro/outdated_user_page", "Says that a role has changed.", everyUser},
}

// Declare implements [feature.Declarer].
func (c *Config) Declare() (list []feature.Declaration) {
	if c.Oro == nil {
		return nil
	}
	for _, t := range builtIn {
		d := feature.Declaration{
			Pattern: feature.Literal(t.pattern), Doc: t.doc, Subscribe: feature.Literal(t.subscribe), Publish: feature.Literal("backend"),
			Yields: true,
		}
		if c.Oro.CheckOrganizations && strings.Contains(t.pattern, "{organization_id:") {
			d.Subscribe.Value += ofMembers
		}
		if t.pattern == string(topicPing) {
			d.Publish = config.Text{}
		}
		list = append(list, d)
	}
	if rule := c.Oro.DataUpdate.Rule; rule.Value != "" {
		list = append(list, feature.Declaration{
			Pattern: feature.Literal(tagPrefix + "{class}.{tag}"), Subscribe: rule, Hidden: true,
			Section: "oro.data_update", Keys: map[peer.Action]string{peer.Subscribe: "rule"},
		})
	}
	return list
}

// topicOfTag returns the hidden topic of a tag; ok is false if it cannot have one. The class is the tag without what
// Oro adds: the kind behind _type_, or the id of an entity.
func topicOfTag(tag string) (topic wamp.URI, ok bool) {
	class, _, isKind := strings.Cut(tag, "_type_")
	if i := strings.LastIndexByte(tag, '_'); !isKind && i > 0 && isID(tag[i+1:]) {
		class = tag[:i]
	}
	first, err := wamp.EncodeParameter(class)
	if err != nil {
		return "", false
	}
	second, err := wamp.EncodeParameter(tag)
	if err != nil {
		return "", false
	}
	return wamp.URI(tagPrefix + first + "." + second), true
}

// isID reports whether a text is the number or the UUID of an entity.
func isID(text string) bool {
	return text != "" && strings.Trim(text, "0123456789abcdef-") == "" && strings.ContainsAny(text, "0123456789")
}

// Interface guards.
var _ feature.Declarer = (*Config)(nil)
