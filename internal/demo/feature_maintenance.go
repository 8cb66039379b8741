//go:build !without_maintenance

package demo

import _ "embed"

//go:embed maintenance.yaml
var maintenanceYAML string

func init() { sections = append(sections, maintenanceYAML) }
