// Package tidings is the notification server as a library. A Go program that embeds it gets the whole server, decides
// on topics with functions of its own, and publishes, subscribes, calls and registers through [Server.Realm].
//
//	server, err := tidings.New(tidings.Config{File: "tidings.yaml"})
//	...
//	err = server.Handle("order.{id:int}", tidings.Handlers{Subscribe: mayRead})
//	...
//	err = server.Run(ctx)
//
// The configuration file says what the server does; this package adds what a file cannot say. It never listens, dials
// or starts a goroutine before [Server.Run].
//
// A program that connects to a server elsewhere uses package client.
package tidings

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"slices"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/server"
)

// Config selects the configuration to run. The zero value runs the defaults, which declare no topic and let no client
// log in.
type Config struct {
	File  string                           // the configuration file, such as tidings.yaml
	Files fs.FS                            // the file system of File and of the schemas it names; nil: the machine's
	YAML  []byte                           // the configuration itself, instead of File
	Set   []string                         // overrides, such as "limits.message_bytes=2MiB"
	Env   func(name string) (string, bool) // looks up ${NAME} and TIDINGS_ variables; nil: the process's environment

	Listen   string       // overrides listen of the configuration, such as "127.0.0.1:8080"
	Listener net.Listener // already open; Run listens on no other
	// HandlerOnly makes Run open no listener for HTTP: another HTTP server passes requests to [Server.ServeHTTP].
	HandlerOnly bool
	Logger      *slog.Logger // nil: as configured, to LogTo
	LogTo       io.Writer    // nil: standard error

	// Systemd takes the sockets that systemd passes to the process (LISTEN_FDS), and tells systemd when the server is
	// ready, reloads and stops. Without systemd it has no effect.
	Systemd bool

	// Repair sets damaged files of the data folder aside, and logs what is lost. Otherwise Run returns an error if it
	// cannot go on without them.
	Repair bool
}

// Server is a notification server. Its methods are safe for concurrent use.
type Server struct{ inner *server.Server }

// New reads the configuration and assembles the server. If the configuration is wrong, the error is a [*ConfigError]
// with all mistakes.
func New(c Config) (*Server, error) {
	parsed, err := c.parse()
	var problems config.Problems
	if errors.As(err, &problems) && parsed != nil {
		return nil, configError(server.Check(parsed, problems, c.Files))
	}
	if err != nil {
		return nil, configError(err)
	}
	if c.HandlerOnly && (c.Listener != nil || c.Listen != "") {
		return nil, errors.New("HandlerOnly is set, so no listener is used: leave Listen and Listener empty")
	}
	inner, err := server.New(parsed, server.Options{Listener: c.Listener, HandlerOnly: c.HandlerOnly, Logger: c.Logger, LogTo: c.LogTo, Files: c.Files, Repair: c.Repair, Systemd: c.Systemd, Load: c.parse})
	if err != nil {
		return nil, configError(err)
	}
	return &Server{inner: inner}, nil
}

func (c Config) parse() (*config.Config, error) {
	options := config.Options{Sections: server.Sections(), Set: slices.Clone(c.Set), Lookup: c.Env}
	if c.Listen != "" {
		options.Set = append(options.Set, "listen="+c.Listen)
	}
	switch {
	case c.YAML != nil && c.File != "":
		return nil, fmt.Errorf("both File (%s) and YAML are given: use one", c.File)
	case c.YAML != nil:
		return config.Parse("configuration", c.YAML, options)
	case c.Files != nil && c.File != "":
		data, err := fs.ReadFile(c.Files, c.File)
		if err != nil {
			return nil, fmt.Errorf("read the configuration: %w", err)
		}
		return config.Parse(c.File, data, options)
	}
	return config.Load(c.File, options)
}

// Run serves until ctx ends. Then it sends GOODBYE to every session and waits until all connections are closed. It
// must be called only once.
func (s *Server) Run(ctx context.Context) error {
	if ctx == nil {
		return errNoContext
	}
	return s.inner.Run(ctx)
}

// Hurry shortens the stop of a server whose ctx of Run has ended: the sessions that are left are ended at once, and no
// longer over websocket.drain.
func (s *Server) Hurry() { s.inner.Hurry() }

// Reload reads the configuration again and applies what has changed, without closing connections. It returns the keys
// whose changed values need a restart. If the configuration is wrong, the error is a [*ConfigError] with all mistakes,
// and nothing is changed. Reload fails before the server is ready, and once it stops. A function of [Server.Handle]
// must not call it.
func (s *Server) Reload(ctx context.Context) (restart []string, err error) {
	if ctx == nil {
		return nil, errNoContext
	}
	done, err := s.inner.Reload(ctx)
	if err != nil {
		return nil, configError(err)
	}
	for _, change := range done.Changes {
		if change.Restart {
			restart = append(restart, change.Key)
		}
	}
	return restart, nil
}

// Ready is closed once the server accepts connections.
func (s *Server) Ready() <-chan struct{} { return s.inner.Ready() }

// Addr returns the address of the listener as host:port, or "" before Run listens, and with HandlerOnly.
func (s *Server) Addr() string { return s.inner.Addr() }

// ServeHTTP serves everything that the server offers over HTTP: WebSockets at /ws, the HTTP API below /api/v1, the SDK
// below /client, and what Mount added. It makes the server a handler of another HTTP server, also below a prefix:
//
//	mux.Handle("/tidings/", http.StripPrefix("/tidings", server))
//
// It answers 503 unless Run runs. See Config.HandlerOnly.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.inner.ServeEmbedded(w, r) }

// Mount serves a pattern of net/http beside the server's own paths.
func (s *Server) Mount(pattern string, handler http.Handler) error {
	return s.inner.Mount(pattern, handler)
}
