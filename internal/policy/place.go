package policy

import (
	"strings"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/topic"
)

// place returns where the configuration has a part of a contract, in its own words: "content: order.{id:int}: watch".
// It returns the pattern of a contract of which the configuration has no part.
func (b *Contracts) place(contract *topic.Contract, field topic.Field, action peer.Action) string {
	from := b.origins[contract.Declaration]
	if from.section == "" {
		return contract.Pattern.String()
	}
	parts := []string{from.section}
	if pattern := from.texts[topic.FieldPattern]; pattern.Pos.Line > 0 {
		parts = append(parts, pattern.Value)
	}
	switch key := from.keys[action]; {
	case field == topic.FieldSchema:
		parts = append(parts, "payload: schema")
	case field == topic.FieldPattern:
	case key != "":
		parts = append(parts, key)
	case from.prefix == "" && (from.topic != nil || from.section == "procedures"):
		parts = append(parts, field.String())
	}
	return strings.Join(parts, ": ")
}
