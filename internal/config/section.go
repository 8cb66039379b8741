package config

// Section is a part of the configuration that a feature owns. Its keys are keys of the top level.
type Section struct {
	// Keys is a nil pointer to a struct whose fields have the tags of [Config], such as
	// (*presence.Config)(nil).
	Keys any
	// Scopes are the values that the section adds to api_keys[].may.
	Scopes []string
}

// Counter is implemented by sections whose entries "tidings check" counts.
type Counter interface {
	// Count returns how many entries there are, and what one of them is, such as "presence pattern". A section that is
	// not there has no name for them.
	Count() (n int, what string)
}

// Presetter is implemented by sections that set keys outside of themselves, where the file, the environment and --set
// leave them out.
type Presetter interface {
	// Preset returns what is set, and what is wrong with the section. lookup reads the environment.
	Preset(c *Config, lookup func(name string) (value string, ok bool)) ([]Preset, Problems)
}

// Preset is a value for a key that is left out.
type Preset struct {
	Path  string // of the key, as in [Config.Pos]
	Value string
	From  string // names the source in messages
}

// Sections returns pointers to the sections that c was read with, in the order of [Options].
func (c *Config) Sections() []any { return c.sections }

// SectionOf returns the section with the keys of T. If c was read without that section it returns a
// zero T.
func SectionOf[T any](c *Config) *T {
	for _, section := range c.sections {
		if found, ok := section.(*T); ok {
			return found
		}
	}
	return new(T)
}
