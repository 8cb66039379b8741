package schema

import "github.com/santhosh-tekuri/jsonschema/v6"

// Faulty returns a schema at which the library panics, until it has been compiled again.
func Faulty(good string, fault any) (*Schema, error) {
	s, err := newSchema("faulty", nil, DefaultSteps, func() (*validator, error) {
		return &validator{meter: new(meter), compiled: &jsonschema.Schema{
			Format: &jsonschema.Format{Validate: func(any) error { panic(fault) }},
		}}, nil
	})
	s.build = func() (*validator, error) {
		return compileBounded("file:///s.json", localFiles{documents: map[string]any{"file:///s.json": map[string]any{"type": good}}})
	}
	return s, err
}
