package policy

import (
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/feature"
	"github.com/tidings-io/tidings/internal/topic"
)

// The texts of the rules that the server writes by itself.
const (
	ruleAlways = "true"
	ruleNever  = ""
)

// Declaration is a contract that the server makes.
type Declaration = feature.Declaration

// Prefix stands in URIs before the patterns of a section.
type Prefix = feature.Prefix

// contractOf returns a declaration for the table.
func contractOf(d *Declaration) topic.Declaration {
	return topic.Declaration{
		Kind: kindOfContract(d.Procedure), Pattern: d.Prefix + d.Pattern.Value, Doc: d.Doc, Reserved: !d.Yields,
		Subscribe: d.Subscribe.Value, Publish: d.Publish.Value, Call: d.Call.Value, Register: d.Register.Value,
	}
}

func kindOfContract(procedure bool) topic.Kind {
	if procedure {
		return topic.Procedure
	}
	return topic.Topic
}

// originOf returns the parts of a declaration that the table does not know.
func originOf(d *Declaration) origin {
	return origin{
		section: d.Section, keys: d.Keys, prefix: d.Prefix, scope: d.Scope, hidden: d.Hidden, keep: d.Keep,
		texts: map[topic.Field]config.Text{
			topic.FieldPattern: d.Pattern, topic.FieldSubscribe: d.Subscribe, topic.FieldPublish: d.Publish,
			topic.FieldCall: d.Call, topic.FieldRegister: d.Register,
		},
	}
}
