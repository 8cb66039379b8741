package policy

import (
	"io/fs"
	"slices"
	"strings"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/router/outbox"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/topic"
)

// Source is the input of [Compile].
type Source struct {
	Config       *config.Config
	Declarations []Declaration // of the features
	Prefixes     []Prefix      // of the features
	Files        fs.FS         // that schemas are read from; nil means the machine's
}

// Contracts are the compiled contracts of one configuration. They are immutable, but for the counters
// of their tables.
type Contracts struct {
	config       *config.Config
	options      topic.Options
	declarations []topic.Declaration
	origins      []origin // by index of the declaration
	table        *topic.Table
	open         *topic.Table // as table, but undeclared URIs are allowed; nil without an external authorizer
	retention    perTopic[publication.Retention]
	slow         perTopic[outbox.Slow]
	deciders     []config.Text
}

// origin holds the part of a declaration that the table does not keep.
type origin struct {
	topic   *config.Topic               // nil for a declaration that is no topic of the configuration
	texts   map[topic.Field]config.Text // the parts that the configuration wrote
	section string                      // of the configuration; "": it has no part of the contract
	keys    map[peer.Action]string      // names of the rules in the section
	prefix  string                      // stands before the configuration's pattern
	scope   httpapi.Scope
	keep    *config.Keep // of a declaration of the server
	hidden  bool
}

// Compile turns a configuration into contracts. It reports all mistakes at once. The contracts are
// then those without a mistake.
func Compile(source Source) (*Contracts, config.Problems) {
	c := source.Config
	b := &Contracts{config: c, deciders: Deciders(c), options: topic.Options{
		Directory: c.Resolve("."), Files: source.Files, SchemaSteps: c.Limits.SchemaSteps, RulePayload: int(c.Limits.RulePayload),
	}}
	for _, p := range source.Prefixes {
		b.options.Prefixes = append(b.options.Prefixes, topic.Prefix{Kind: kindOfContract(p.Procedure), Text: p.Text, Section: p.Section})
	}
	if c.Undeclared == "allow" {
		b.options.Undeclared = topic.Allow
	}
	for i := range c.Topics {
		b.addTopic(&c.Topics[i])
	}
	for i := range c.Procedures {
		b.addProcedure(&c.Procedures[i])
	}
	own := slices.Concat(source.Declarations, sessionDeclarations(), metaDeclarations(&c.Meta))
	if c.Authorizer != nil {
		own = append(own, forgetDeclaration())
	}
	for i := range own {
		if !own[i].Yields || !b.declares(own[i].Pattern.Value) {
			b.add(contractOf(&own[i]), originOf(&own[i]))
		}
	}
	wrong := b.compile()
	b.retention, b.slow = b.retentions(), b.slowPolicies()
	return b, b.problems(wrong)
}

// compile compiles the tables from the declarations.
func (b *Contracts) compile() []topic.Problem {
	var wrong []topic.Problem
	b.table, wrong = topic.Compile(b.declarations, b.options)
	if b.config.Authorizer != nil { // its mistakes are those of the other table
		options := b.options
		options.Undeclared = topic.Allow
		b.open, _ = topic.Compile(b.declarations, options)
	}
	return wrong
}

// askedOnSubscribe returns contracts in which a hook decides on each subscription of a declaration.
func (b *Contracts) askedOnSubscribe(index int) (*Contracts, error) {
	changed := *b
	changed.declarations = slices.Clone(b.declarations)
	changed.declarations[index].AskedOnSubscribe = true
	if wrong := changed.compile(); len(wrong) > 0 { // a schema file has changed meanwhile
		return nil, wrong[0]
	}
	return &changed, nil
}

// declares reports whether the configuration has a topic with the pattern, whatever its parameters are called.
func (b *Contracts) declares(pattern string) bool {
	return slices.ContainsFunc(b.declarations, func(d topic.Declaration) bool {
		return d.Kind == topic.Topic && topic.SameShape(d.Pattern, pattern)
	})
}

// find returns the index of a topic of the configuration, by its pattern as the configuration has it.
func (b *Contracts) find(pattern string) (index int, ok bool) {
	index = slices.IndexFunc(b.origins, func(from origin) bool { return from.topic != nil && from.topic.Pattern.Value == pattern })
	return index, index >= 0
}

func (b *Contracts) add(d topic.Declaration, from origin) {
	b.declarations = append(b.declarations, d)
	b.origins = append(b.origins, from)
}

func (b *Contracts) addTopic(t *config.Topic) {
	b.add(topic.Declaration{
		Pattern: t.Pattern.Value, Doc: t.Doc,
		Subscribe: t.Subscribe.Value, Publish: t.Publish.Value,
		Schema:           t.Payload.Schema.Value,
		AskedOnSubscribe: t.Handler != nil && slices.Contains(t.Handler.On, peer.Subscribe.String()),
	}, origin{topic: t, section: "topics", texts: map[topic.Field]config.Text{
		topic.FieldPattern: t.Pattern, topic.FieldSubscribe: t.Subscribe, topic.FieldPublish: t.Publish,
		topic.FieldSchema: t.Payload.Schema,
	}})
}

func (b *Contracts) addProcedure(p *config.Procedure) {
	b.add(topic.Declaration{
		Kind: topic.Procedure, Pattern: p.Pattern.Value, Doc: p.Doc, Call: p.Call.Value, Register: p.Register.Value,
	}, origin{section: "procedures", texts: map[topic.Field]config.Text{
		topic.FieldPattern: p.Pattern, topic.FieldCall: p.Call, topic.FieldRegister: p.Register,
	}})
}

// problems returns the mistakes of the table, and those of the periodic publications, as mistakes of
// the configuration.
func (b *Contracts) problems(wrong []topic.Problem) config.Problems {
	var problems config.Problems
	for _, p := range wrong {
		if p.Field == topic.FieldPattern && b.origins[p.Declaration].hidden {
			continue // the visible declaration with the same pattern has the same mistake
		}
		problems = append(problems, b.problem(p))
	}
	for _, contract := range b.table.Contracts() {
		t := b.origins[contract.Declaration].topic
		if t == nil || t.Every == nil {
			continue
		}
		if _, err := b.schedule(contract, t.Every); err != nil {
			problems = append(problems, b.config.Problem(t.Pattern.Pos, "every: "+err.Error(), "publish what the schema allows"))
		}
	}
	return problems
}

// problem adds the position in the configuration to a problem of the table.
func (b *Contracts) problem(p topic.Problem) config.Problem {
	from := b.origins[p.Declaration]
	offset := p.Offset
	if p.Field == topic.FieldPattern {
		offset = max(0, offset-len(from.prefix))
	}
	message := strings.ReplaceAll(p.Message, from.prefix, "")
	if p.Other >= 0 {
		if other := b.origins[p.Other].texts[topic.FieldPattern]; other.Pos.Line > 0 {
			message += " at " + other.Pos.String()
		}
	}
	return b.config.Problem(from.text(p.Field).At(offset), message, p.Fix)
}

// stamps reports whether the events of a contract name their publisher.
func (b *Contracts) stamps(contract *topic.Contract) bool {
	if contract == nil {
		return false
	}
	declared := b.origins[contract.Declaration].topic
	return declared != nil && declared.Sender
}

// text returns the configuration's text of a field, or of the pattern if the field is not written.
func (o origin) text(field topic.Field) config.Text {
	if text := o.texts[field]; text.Pos != (config.Pos{}) {
		return text
	}
	return o.texts[topic.FieldPattern]
}
