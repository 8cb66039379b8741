package transport

import (
	"fmt"
	"net/netip"
)

// Settings are those of the [Options] that may change while the server runs. They are replaced as a whole and never
// changed. A handshake is decided by those that it began with.
type Settings struct {
	Origins        []string
	AllowsHost     func(host string) bool // of an origin at any scheme and port; nil: none beside Origins
	TrustedProxies []netip.Prefix
	Tickets        Tickets
	Cookie         CookieOptions
	Limits         Limits
	Compression    Compression
}

// settings are checked [Settings] without zero limits.
type settings struct {
	Settings
	origins originRules
}

func (o *Options) settings() Settings {
	return Settings{o.Origins, o.AllowsHost, o.TrustedProxies, o.Tickets, o.Cookie, o.Limits, o.Compression}
}

func (s Settings) check() (*settings, error) {
	origins, err := parseOrigins(s.Origins)
	if err != nil {
		return nil, fmt.Errorf("transport: %w", err)
	}
	s.Limits = s.Limits.withDefaults()
	return &settings{s, origins}, nil
}

// Prepare checks settings. swap puts them in force, and cannot fail. Open connections keep the sizes of messages and
// the compression that they began with. All other limits hold for them, too.
func (s *Server) Prepare(next Settings) (swap func(), err error) {
	checked, err := next.check()
	if err != nil {
		return nil, err
	}
	return func() { s.current.Store(checked) }, nil
}

// Settings returns the current settings.
func (s *Server) Settings() Settings { return s.current.Load().Settings }

// limits returns the current limits.
func (s *Server) limits() *Limits { return &s.current.Load().Limits }
