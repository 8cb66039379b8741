package policy

import (
	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/topic"
)

// Contracts describes all contracts but the hidden ones, for the HTTP API.
func (p *Policy) Contracts() []httpapi.Contract {
	s := p.state.Load()
	list := []httpapi.Contract{}
	for _, c := range s.contracts.table.Contracts() {
		if !s.contracts.origins[c.Declaration].hidden {
			list = append(list, s.describe(c))
		}
	}
	return list
}

func (s *state) describe(c *topic.Contract) httpapi.Contract {
	from := s.contracts.origins[c.Declaration]
	made := httpapi.Contract{
		Pattern: c.Pattern.String(), Kind: c.Kind.String(), Doc: c.Doc,
		Rules: map[string]string{}, HasSchema: c.Schema() != nil, Handler: s.hookKind(c),
	}
	actions := []peer.Action{peer.Subscribe, peer.Publish}
	if c.Kind == topic.Procedure {
		actions = []peer.Action{peer.Call, peer.Register}
	}
	for _, action := range actions {
		if text := c.Rule(action).String(); text != ruleNever {
			made.Rules[action.String()] = text
		}
	}
	if at := from.texts[topic.FieldPattern].Pos; at.Line > 0 {
		made.Source = at.String()
	}
	made.Sender = from.topic != nil && from.topic.Sender
	if from.topic != nil && from.topic.Every != nil {
		made.Every = from.topic.Every.Interval.String()
	}
	return made
}
