package server

import (
	"io/fs"
	"strings"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/content"
	"github.com/tidings-io/tidings/internal/maintenance"
	"github.com/tidings-io/tidings/internal/presence"
	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

// enterRecord and a record is a procedure that exists for its rule alone: who may call it may enter
// the record. Nobody registers it.
const enterRecord = string(presence.ProcedureEnter) + "."

const (
	everybody = "true"
	nobody    = ""
)

// contracts is everything that is declared: by the configuration, and by the features.
type contracts struct {
	options      topic.Options
	declarations []topic.Declaration
	declared     []declared // by index of the declaration
	table        *topic.Table
	open         *topic.Table // the same, but what has no contract is allowed: for who asks somebody else
}

// declared says where in the configuration a declaration came from.
type declared struct {
	topic  *config.Topic // nil: not a topic of the configuration
	prefix string        // that was put in front of the pattern of the configuration
	// texts are the parts of the configuration that can be wrong.
	texts map[topic.Field]config.Text
	inner bool // not shown to people: it exists for its rule
}

// compileContracts turns the configuration's sections into one table.
func compileContracts(c *config.Config, files fs.FS, problems *config.Problems) *contracts {
	b := &contracts{options: topic.Options{Directory: c.Resolve("."), Files: files}}
	if c.Undeclared == "allow" {
		b.options.Undeclared = topic.Allow
	}
	for i := range c.Topics {
		b.addTopic(&c.Topics[i])
	}
	for _, p := range c.Procedures {
		b.add(topic.Declaration{Kind: topic.Procedure, Pattern: p.Pattern.Value, Doc: p.Doc, Call: p.Call.Value, Register: p.Register.Value},
			declared{texts: map[topic.Field]config.Text{topic.FieldPattern: p.Pattern, topic.FieldCall: p.Call, topic.FieldRegister: p.Register}})
	}
	b.addContent(c)
	b.addPresence(c)
	b.addMeta(&c.Meta)
	if c.Authorizer != nil {
		b.add(topic.Declaration{
			Kind: topic.Procedure, Pattern: procedureForget, Doc: "Drops the answers of the authorizer that were kept.",
			Call: "backend", Reserved: true,
		}, declared{})
	}
	b.add(topic.Declaration{
		Pattern: string(maintenance.Topic), Doc: "The state of the site: whether maintenance is on.",
		Subscribe: everybody, Publish: nobody, Reserved: true,
	}, declared{})

	var wrong []topic.Problem
	b.table, wrong = topic.Compile(b.declarations, b.options)
	if c.Authorizer != nil {
		b.compileOpen()
	}
	for _, p := range wrong {
		if p.Field == topic.FieldPattern && b.declared[p.Declaration].inner {
			continue // told for the topic with the same pattern
		}
		*problems = append(*problems, b.problem(c, p))
	}
	b.checkPeriodic(c, problems)
	return b
}

// checkPeriodic holds the server's own publications to the contracts.
func (b *contracts) checkPeriodic(c *config.Config, problems *config.Problems) {
	for _, contract := range b.table.Contracts() {
		t := b.declared[contract.Declaration].topic
		if t == nil || t.Every == nil {
			continue
		}
		if _, err := b.scheduleOf(contract, t.Every); err != nil {
			problems.At(c, t.Pattern.Pos, "every: "+err.Error(), "publish what the schema allows")
		}
	}
}

// find gives the declaration of a topic of the configuration by its pattern as it was written.
func (b *contracts) find(pattern string) (index int, ok bool) {
	for i, d := range b.declared {
		if d.topic != nil && d.topic.Pattern.Value == pattern {
			return i, true
		}
	}
	return 0, false
}

// declares reports whether a topic has a contract.
func (b *contracts) declares(uri wamp.URI) bool {
	_, ok := b.table.Lookup(topic.Topic, uri)
	return ok
}

// askOnSubscribe says, after compiling, that a handler decides over each subscription of a contract.
func (b *contracts) askOnSubscribe(index int) error {
	b.declarations[index].AskedOnSubscribe = true
	table, wrong := topic.Compile(b.declarations, b.options)
	if len(wrong) > 0 { // a schema file was changed since
		return wrong[0]
	}
	b.table = table
	if b.open != nil {
		b.compileOpen()
	}
	return nil
}

// compileOpen has the same mistakes as the other table, which are told there.
func (b *contracts) compileOpen() {
	options := b.options
	options.Undeclared = topic.Allow
	b.open, _ = topic.Compile(b.declarations, options)
}

func (b *contracts) add(d topic.Declaration, from declared) {
	b.declarations = append(b.declarations, d)
	b.declared = append(b.declared, from)
}

func (b *contracts) addTopic(t *config.Topic) {
	b.add(topic.Declaration{
		Pattern: t.Pattern.Value, Doc: t.Doc,
		Subscribe: t.Subscribe.Value, Publish: t.Publish.Value,
		Schema:           t.Payload.Schema.Value,
		AskedOnSubscribe: t.Handler != nil && asks(t.Handler, "subscribe"),
	}, declared{topic: t, texts: map[topic.Field]config.Text{
		topic.FieldPattern: t.Pattern, topic.FieldSubscribe: t.Subscribe, topic.FieldPublish: t.Publish,
		topic.FieldSchema: t.Payload.Schema,
	}})
}

func (b *contracts) addContent(c *config.Config) {
	for _, d := range c.Content {
		b.add(topic.Declaration{
			Pattern: content.TopicPrefix + d.Pattern.Value, Doc: d.Doc,
			Subscribe: d.Watch.Value, Publish: nobody, Reserved: true,
		}, declared{prefix: content.TopicPrefix, texts: map[topic.Field]config.Text{topic.FieldPattern: d.Pattern, topic.FieldSubscribe: d.Watch}})
	}
	b.add(topic.Declaration{
		Pattern: string(content.TopicChanged), Doc: "Takes changes of content as publications.",
		Subscribe: nobody, Publish: c.ContentPublish.Value, Reserved: true,
	}, declared{texts: map[topic.Field]config.Text{topic.FieldPublish: c.ContentPublish}})
}

func (b *contracts) addPresence(c *config.Config) {
	for _, d := range c.Presence {
		b.add(topic.Declaration{
			Pattern: presence.TopicPrefix + d.Pattern.Value, Doc: d.Doc,
			Subscribe: d.See.Value, Publish: nobody, Reserved: true,
		}, declared{prefix: presence.TopicPrefix, texts: map[topic.Field]config.Text{topic.FieldPattern: d.Pattern, topic.FieldSubscribe: d.See}})
		b.add(topic.Declaration{
			Kind: topic.Procedure, Pattern: enterRecord + d.Pattern.Value, Call: d.Enter.Value, Reserved: true,
		}, declared{prefix: enterRecord, inner: true, texts: map[topic.Field]config.Text{topic.FieldCall: d.Enter}})
	}
	for _, procedure := range []wamp.URI{presence.ProcedureEnter, presence.ProcedureLeave} {
		b.add(topic.Declaration{
			Kind: topic.Procedure, Pattern: string(procedure), Doc: "Presence at a record; the record's own rule decides.",
			Call: everybody, Reserved: true,
		}, declared{})
	}
}

// problem finds the place in the configuration that a problem of the table is about.
func (b *contracts) problem(c *config.Config, p topic.Problem) config.Problem {
	from := b.declared[p.Declaration]
	text, ok := from.texts[p.Field]
	if !ok {
		text = from.texts[topic.FieldPattern]
	}
	offset := p.Offset
	if p.Field == topic.FieldPattern {
		offset = max(0, offset-len(from.prefix))
	}
	message := strings.ReplaceAll(p.Message, from.prefix, "")
	if p.Other >= 0 {
		if other, ok := b.declared[p.Other].texts[topic.FieldPattern]; ok && other.Pos.Line > 0 {
			message += " at " + other.Pos.String()
		}
	}
	return c.Problem(text.At(offset), message, p.Fix)
}

func asks(h *config.Handler, action string) bool {
	for _, on := range h.On {
		if on == action {
			return true
		}
	}
	return false
}
