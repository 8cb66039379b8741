package oro

import (
	"context"
	"log/slog"

	"github.com/tidings-io/tidings/internal/config"
)

// MaxCached is the bound of a cache.
const MaxCached = maxCached

// SettingsOf returns the settings of options.
func SettingsOf(o *Options, lookup func(string) (string, bool), readFile func(string) ([]byte, error)) (Settings, []config.Problem) {
	return settingsOf(o, lookup, readFile)
}

// Follow follows the address of an application that is asked by a function.
func Follow(ctx context.Context, ask func(context.Context) (string, error), log *slog.Logger, see func(string)) {
	follow(ctx, ask, log, see)
}

// Len returns the number of names that are remembered.
func (c *Cache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.entries)
}

// Parts returns the parts of a source, with its password.
func (s *DataSource) Parts() map[string]string {
	parts := map[string]string{
		"kind": s.kind.String(), "host": s.host, "port": s.port, "socket": s.socket,
		"user": s.user, "password": s.password, "name": s.name, "sslmode": s.options["sslmode"],
	}
	for name, value := range parts {
		if value == "" {
			delete(parts, name)
		}
	}
	return parts
}

// IsEmail reports whether a name is looked for among the e-mail addresses.
func IsEmail(name string) bool { return isEmail(name) }
