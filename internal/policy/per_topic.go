package policy

import (
	"strings"

	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

// reserved begins the topics of the server's own declarations.
const reserved = "tidings."

// perTopic has what contracts say of their topics, by the index of the declaration.
type perTopic[T any] struct {
	values map[int]T
	own    bool // some of them are of topics that the configuration declares
}

// put notes the value of a declaration.
func (p *perTopic[T]) put(b *Contracts, declaration int, value T) {
	if p.values == nil {
		p.values = make(map[int]T)
	}
	p.values[declaration] = value
	p.own = p.own || !b.declarations[declaration].Reserved
}

// of returns the value of a topic, and the zero value if no contract has one. It is asked for each publication: it
// looks up no topic for which there can be none.
func (p *perTopic[T]) of(b *Contracts, uri wamp.URI) (value T) {
	if len(p.values) == 0 || !p.own && !strings.HasPrefix(string(uri), reserved) {
		return value
	}
	verdict, ok := b.table.Lookup(topic.Topic, uri)
	if !ok {
		return value
	}
	return p.values[verdict.Contract.Declaration]
}
