package policy

import (
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/topic"
)

// The texts of the rules that the server writes by itself.
const (
	ruleAlways = "true"
	ruleNever  = ""
)

// Declaration is a contract that the server makes: one of a feature, or one of the router's meta API.
// Its first component may be a reserved one. A part that the configuration wrote has a position, so
// that a mistake is reported where it stands.
type Declaration struct {
	Procedure bool        // a contract of procedures, not of topics
	Pattern   config.Text // without Prefix
	Prefix    string      // stands before Pattern in the URIs
	Doc       string

	// The rules; "" refuses all clients. Topics have the first two, procedures the others.
	Subscribe, Publish, Call, Register config.Text

	Scope  httpapi.Scope // that an API key needs to publish or call; "" for the scope publish or call
	Hidden bool          // not listed: the contract exists for its rule
}

// contract returns the declaration for the table.
func (d *Declaration) contract() topic.Declaration {
	declared := topic.Declaration{
		Kind: topic.Topic, Pattern: d.Prefix + d.Pattern.Value, Doc: d.Doc, Reserved: true,
		Subscribe: d.Subscribe.Value, Publish: d.Publish.Value, Call: d.Call.Value, Register: d.Register.Value,
	}
	if d.Procedure {
		declared.Kind = topic.Procedure
	}
	return declared
}

// origin returns what is known of the declaration beyond the table.
func (d *Declaration) origin() origin {
	return origin{
		prefix: d.Prefix, scope: d.Scope, hidden: d.Hidden,
		texts: map[topic.Field]config.Text{
			topic.FieldPattern: d.Pattern, topic.FieldSubscribe: d.Subscribe, topic.FieldPublish: d.Publish,
			topic.FieldCall: d.Call, topic.FieldRegister: d.Register,
		},
	}
}
