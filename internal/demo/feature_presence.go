//go:build !without_presence

package demo

import _ "embed"

//go:embed presence.yaml
var presenceYAML string

func init() { sections = append(sections, presenceYAML) }
