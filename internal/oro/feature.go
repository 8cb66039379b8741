package oro

import (
	"context"
	"os"
	"time"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/feature"
	"github.com/tidings-io/tidings/internal/logonce"
	"github.com/tidings-io/tidings/internal/router"
)

// Feature describes Oro to the server.
var Feature = feature.Feature{
	Name:   "oro",
	Config: config.Section{Keys: (*Config)(nil)},
	New: func(h feature.Host) feature.Component {
		section := config.SectionOf[Config](h.Config)
		if section.Oro == nil {
			return idle{}
		}
		return newComponent(h, section)
	},
}

// idle is the component of a server without the section: it admits no one.
type idle struct{}

// Open implements [feature.Component].
func (idle) Open(context.Context, *router.Realm) (close func(), err error) { return func() {}, nil }

// AdmitsClients implements [feature.Admitter].
func (c *Config) AdmitsClients() bool { return c.Oro != nil }

// Warnings implements [feature.Warner].
func (c *Config) Warnings() []config.Problem { return c.settings.Warnings }

// Count implements [config.Counter].
func (c *Config) Count() (n int, what string) {
	if c.Oro == nil {
		return 0, ""
	}
	return len(builtIn), "Oro topic"
}

// Preset implements [config.Presetter]: Oro's settings say where the server listens, and its clients use any path.
func (c *Config) Preset(all *config.Config, lookup func(string) (string, bool)) ([]config.Preset, config.Problems) {
	if c.Oro == nil {
		return nil, nil
	}
	settings, found := settingsOf(c.Oro, lookup, func(name string) ([]byte, error) { return os.ReadFile(all.Resolve(name)) })
	problems := config.Problems(found)
	c.settings = settings
	listen := all.Listen
	if settings.Listen != "" && all.Pos("listen") == (config.Pos{File: all.File()}) { // nothing else sets it
		listen = settings.Listen
	}
	c.settings.Warnings = append(c.settings.Warnings, settings.Hints(listen)...)
	presets := []config.Preset{{Path: "websocket.any_path", Value: "true", From: "oro"}}
	if settings.Listen != "" {
		presets = append(presets, config.Preset{Path: "listen", Value: settings.Listen, From: settings.ListenFrom})
	}
	return presets, problems
}

func newComponent(h feature.Host, section *Config) *Component {
	o, settings := section.Oro, &section.settings
	c := &Component{
		log: h.Logger, refused: logonce.New(logonce.Options{Again: time.Minute}), policy: h.Policy,
		silence: h.Config.WebSocket.Ping + h.Config.WebSocket.Pong,
	}
	c.updates = updates{component: c, gather: o.DataUpdate.Gather, filtered: o.DataUpdate.Rule.Value != ""}
	c.missed.keep = o.MissedFor
	c.maintenance = maintenance{component: c, keep: o.MaintenanceFor, store: h.Store("oro", "maintenance")}
	c.users = c.openUsers(h, o, settings)
	c.tickets = NewTickets(TicketOptions{
		Secret: settings.Secret, Users: c.users, Guard: h.Guard("oro_tickets", TicketMemory, TicketAhead),
		Backends: o.Backends, Attempts: h.Attempts, Logger: h.Logger, Logins: o.Logins,
	})
	if settings.ApplicationURL != "" {
		c.host.set(settings.ApplicationURL)
	}
	return c
}

// openUsers returns where users are found: the database or the webhook, behind a cache.
func (c *Component) openUsers(h feature.Host, o *Options, settings *Settings) *Cache {
	var users Users
	if settings.Webhook != "" {
		asker := h.Ask(settings.Webhook, o.Users.Sign.Reveal())
		c.release = asker.Close
		users = NewWebhook(asker.Exchange)
	} else {
		users = c.openDatabase(o, settings)
	}
	return NewCache(CacheOptions{Users: users, TTL: o.Users.Cache, Timeout: o.Users.Timeout, Concurrency: o.Users.Concurrency})
}

// openDatabase returns the users of the database, and follows it.
func (c *Component) openDatabase(o *Options, settings *Settings) Users {
	database, err := OpenDatabase(settings.Database, o.Users.Concurrency)
	if err != nil { // Preset has reported it, and the server does not start
		c.release = func() {}
		return noUsers{err}
	}
	c.release = func() {
		if err := database.Close(); err != nil {
			c.log.Warn("the connections to the application's database were not closed in order", "error", err)
		}
	}
	c.follow = func(ctx context.Context, see func(url string)) {
		if settings.ApplicationURL != "" { // only whether the database answers
			see = func(string) {}
		}
		database.Follow(ctx, c.log, see)
	}
	return database
}

// noUsers are those of an application that cannot be asked.
type noUsers struct{ err error }

// Find implements [Users].
func (n noUsers) Find(context.Context, string) (*User, error) { return nil, n.err }

// Interface guards.
var (
	_ feature.Admitter = (*Config)(nil)
	_ feature.Warner   = (*Config)(nil)
	_ config.Counter   = (*Config)(nil)
	_ config.Presetter = (*Config)(nil)
)
