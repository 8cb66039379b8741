package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tidings-io/tidings/internal/cluster"
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/feature"
	"github.com/tidings-io/tidings/internal/httpapi"
)

// registered holds the features of this build. Each feature has a file, feature_<name>.go, that adds it; the
// build tag without_<name> leaves that file out.
var registered []feature.Feature

// allFeatures returns the features of this build in the order of their names.
func allFeatures() []feature.Feature {
	return slices.SortedFunc(slices.Values(registered), func(a, b feature.Feature) int { return cmp.Compare(a.Name, b.Name) })
}

// Sections returns the sections of the configuration that features own. A configuration for [New] has to be
// read with them.
func Sections() []config.Section {
	var list []config.Section
	for _, f := range allFeatures() {
		list = append(list, f.Config)
	}
	return list
}

var errSections = errors.New("the configuration was read without the sections of the server's features")

// checkSections returns an error if c was not read with [Sections].
func checkSections(c *config.Config) error {
	if len(c.Sections()) != len(registered) {
		return errSections
	}
	return nil
}

// component is a feature of one server.
type component struct {
	name string
	feature.Component
}

func (s *Server) newComponents(c *config.Config) []component {
	host := feature.Host{
		Config: c, Policy: s.policy, Logger: s.logger, Attempts: s.attempts, Guard: s.guard, Ask: askWebhook,
		Store: func(name, key string) feature.Store {
			return s.engine.Bucket(cluster.BucketOptions{Name: name}).Value(key)
		},
	}
	var list []component
	for _, f := range allFeatures() {
		list = append(list, component{f.Name, f.New(host)})
	}
	return list
}

// Component returns the component of a feature by its type; ok is false if this build lacks the feature.
func Component[T feature.Component](s *Server) (found T, ok bool) {
	for _, c := range s.components {
		if found, ok = c.Component.(T); ok {
			return found, true
		}
	}
	return found, false
}

// openComponents connects the features to the realm before clients can join. close disconnects them in
// reverse order.
func (s *Server) openComponents(ctx context.Context) (close func(), err error) {
	var undo []func()
	close = func() {
		for _, step := range slices.Backward(undo) {
			step()
		}
	}
	for _, c := range s.components {
		step, err := c.Open(ctx, s.realm)
		if err != nil {
			close()
			return nil, fmt.Errorf("open %s: %w", c.name, err)
		}
		undo = append(undo, step)
	}
	return close, nil
}

// resources returns the features that have HTTP operations.
func (s *Server) resources() []httpapi.Resource {
	var list []httpapi.Resource
	for _, c := range s.components {
		if r, ok := c.Component.(httpapi.Resource); ok {
			list = append(list, r)
		}
	}
	return list
}

// declarations returns the contracts that the sections of features declare, and those of the server's own procedures.
func declarations(c *config.Config) []feature.Declaration {
	var list []feature.Declaration
	for _, section := range c.Sections() {
		if d, ok := section.(feature.Declarer); ok {
			list = append(list, d.Declare()...)
		}
	}
	return append(list, pingDeclaration())
}

// prefixes returns the reserved prefixes of the sections of features.
func prefixes(c *config.Config) []feature.Prefix {
	var list []feature.Prefix
	for _, section := range c.Sections() {
		if s, ok := section.(feature.Sectioned); ok {
			list = append(list, s.Prefixes()...)
		}
	}
	return list
}
