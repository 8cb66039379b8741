package content

import (
	"time"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/feature"
	"github.com/tidings-io/tidings/internal/router/peer"
)

// Config is the section of the configuration.
type Config struct {
	Content        []Contract  `key:"content" map:"Pattern" doc:"The content that pages can watch, by pattern of the tag."`
	ContentPublish config.Text `key:"content_publish" default:"backend" doc:"Rule: who may report content changes by publishing to tidings.changed."`
	ContentRate    int         `key:"content_rate" default:"50" min:"1" max:"1000000" doc:"Tags per second that the session of a user may report in changes on average, 1000 at once; further changes are dropped and counted. Backends are not limited."`
}

// Contract is the contract of the tags of a pattern.
type Contract struct {
	Pattern config.Text
	Doc     string      `key:"doc" doc:"What the content is, for people."`
	Watch   config.Text `key:"watch" doc:"Rule: who may watch. Without a rule no client may."`

	KeepFor time.Duration `key:"keep_for" default:"15m" min:"0s" max:"24h" doc:"How long changes are kept for pages that come back. A page that was away for longer is told to reload. 0s keeps none."`
}

// Prefixes implements [feature.Sectioned].
func (c *Config) Prefixes() []feature.Prefix {
	return []feature.Prefix{{Text: TopicPrefix, Section: "content"}}
}

// Declare implements [feature.Declarer].
func (c *Config) Declare() []feature.Declaration {
	var list []feature.Declaration
	for _, d := range c.Content {
		list = append(list, feature.Declaration{
			Prefix: TopicPrefix, Pattern: d.Pattern, Doc: d.Doc, Subscribe: d.Watch, Keep: d.keep(),
			Section: "content", Keys: map[peer.Action]string{peer.Subscribe: "watch"},
		})
	}
	return append(list, feature.Declaration{
		Pattern: feature.Literal(string(TopicChanged)), Doc: "Takes changes of content as publications.",
		Publish: c.ContentPublish, Scope: scope, Section: "content_publish",
	})
}

// maxKept bounds the changes of one tag that are kept. A page that missed more is told to reload.
const maxKept = 20

// keep returns what is kept of the topic of a tag.
func (c *Contract) keep() *config.Keep {
	if c.KeepFor == 0 {
		return nil
	}
	return &config.Keep{Last: maxKept, For: c.KeepFor}
}

// Count implements [config.Counter].
func (c *Config) Count() (n int, what string) { return len(c.Content), "content pattern" }

// Interface guards.
var (
	_ feature.Declarer  = (*Config)(nil)
	_ feature.Sectioned = (*Config)(nil)
	_ config.Counter    = (*Config)(nil)
)
