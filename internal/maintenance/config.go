package maintenance

import (
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/feature"
)

// Config is the section of the configuration.
type Config struct {
	Maintenance struct {
		OperatorRoles []string `key:"operator_roles" doc:"Roles whose pages stay usable during maintenance."`
	} `key:"maintenance" doc:"Maintenance of the site."`
}

// Declare implements [feature.Declarer].
func (c *Config) Declare() []feature.Declaration {
	return []feature.Declaration{{
		Pattern: feature.Literal(string(Topic)), Doc: "The state of the site: whether maintenance is on.", Subscribe: feature.Always(),
	}}
}

// Feature describes maintenance to the server.
var Feature = feature.Feature{
	Name:   "maintenance",
	Config: config.Section{Keys: (*Config)(nil), Scopes: []string{string(scope)}},
	New: func(h feature.Host) feature.Component {
		return New(Options{
			Store:         h.Store("maintenance", "site"),
			OperatorRoles: config.SectionOf[Config](h.Config).Maintenance.OperatorRoles,
			Logger:        h.Logger,
		})
	},
}

// Interface guards.
var _ feature.Declarer = (*Config)(nil)
