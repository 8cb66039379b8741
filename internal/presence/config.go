package presence

import (
	"time"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/feature"
	"github.com/tidings-io/tidings/internal/router/peer"
)

// Config is the section of the configuration.
type Config struct {
	Presence         []Contract    `key:"presence" map:"Pattern" doc:"The records with presence, by pattern of the record."`
	PresenceInterval time.Duration `key:"presence_interval" default:"250ms" min:"10ms" max:"1m" doc:"Least time between two events of one record; changes in between are one event. Records with more than 100 people take four times as long."`
	PresenceRate     int           `key:"presence_rate" default:"20" min:"1" max:"100000" doc:"Calls per second to the procedures below tidings.presence that one session may make on average, 200 at once; further calls are refused. Backends are not limited."`
}

// Contract is the contract of the records of a pattern.
type Contract struct {
	Pattern config.Text
	Doc     string      `key:"doc" doc:"What the record is, for people."`
	Enter   config.Text `key:"enter" doc:"Rule: who may enter. Without a rule no client may."`
	See     config.Text `key:"see" doc:"Rule: who may see the people there. Without a rule no client may."`
}

// enterRule followed by a record is a procedure that no session can register. It exists for its rule: a
// session that may call it may enter the record.
const enterRule = string(ProcedureEnter) + "."

// Prefixes implements [feature.Sectioned].
func (c *Config) Prefixes() []feature.Prefix {
	return []feature.Prefix{{Text: TopicPrefix, Section: "presence"}, {Procedure: true, Text: enterRule, Section: "presence"}}
}

// Declare implements [feature.Declarer].
func (c *Config) Declare() []feature.Declaration {
	var list []feature.Declaration
	for _, d := range c.Presence {
		list = append(list,
			feature.Declaration{Prefix: TopicPrefix, Pattern: d.Pattern, Doc: d.Doc, Subscribe: d.See, Section: "presence", Keys: map[peer.Action]string{peer.Subscribe: "see"}},
			feature.Declaration{Procedure: true, Prefix: enterRule, Pattern: d.Pattern, Call: d.Enter, Hidden: true, Section: "presence", Keys: map[peer.Action]string{peer.Call: "enter"}})
	}
	for _, procedure := range []string{string(ProcedureEnter), string(ProcedureLeave), string(ProcedureRefresh)} {
		list = append(list, feature.Declaration{
			Procedure: true, Pattern: feature.Literal(procedure), Doc: "Presence at a record; the record's own rule decides.",
			Call: feature.Always(),
		})
	}
	return list
}

// Count implements [config.Counter].
func (c *Config) Count() (n int, what string) { return len(c.Presence), "presence pattern" }

// Interface guards.
var (
	_ feature.Declarer  = (*Config)(nil)
	_ feature.Sectioned = (*Config)(nil)
	_ config.Counter    = (*Config)(nil)
)
