package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/feature"
)

const (
	// startTimeout bounds opening the store.
	startTimeout = time.Minute
	// stopTimeout bounds each step of stopping. The configuration bounds the part of the clients.
	stopTimeout = 10 * time.Second
)

// Run serves until ctx ends or a part fails, then stops in order and waits for all goroutines. It can be called
// once.
func (s *Server) Run(ctx context.Context) (err error) {
	defer s.flushLog()
	s.policy.Seal()
	s.current.Load().basis = s.policy.Basis() // with the functions of the program
	s.warn()
	if err := s.takeSockets(); err != nil {
		return err
	}
	listener, err := s.listen(ctx)
	if err != nil {
		return err
	}
	if listener != nil {
		defer listener.Close() // a second Close is harmless
	}
	raw, err := s.listenRaw(ctx)
	if err != nil {
		return err
	}
	defer raw.close()
	defer func() { err = errors.Join(err, s.engine.Close()) }()
	if err := s.openStore(ctx); err != nil {
		return err
	}
	defer s.closeHooks()
	closeComponents, err := s.openComponents(ctx)
	if err != nil {
		return err
	}
	defer closeComponents()
	return s.serve(ctx, listener, raw)
}

// warn logs which configuration was read, and what it may say, but is rarely meant.
func (s *Server) warn() {
	c := s.current.Load().config
	if c.File() != "" {
		s.logger.Info("the configuration was read", "file", c.File())
	}
	for _, w := range Warnings(c) {
		s.logWarning(w)
	}
}

func (s *Server) logWarning(w config.Problem) {
	s.logger.Warn("the configuration is rarely meant so", "position", cmp.Or(w.Pos.String(), "no file"), "warning", w.Message, "fix", w.Fix)
}

// listen returns the listener for HTTP, or nil if another HTTP server has one.
func (s *Server) listen(ctx context.Context) (net.Listener, error) {
	if s.options.HandlerOnly {
		return nil, nil
	}
	if s.options.Listener != nil {
		return s.options.Listener, nil
	}
	if s.passed.http != nil {
		return s.passed.http, nil
	}
	lc := s.listenConfig()
	listener, err := lc.Listen(ctx, "tcp", s.current.Load().config.Listen)
	if err != nil {
		return nil, fmt.Errorf("open the listener: %w", err)
	}
	return listener, nil
}

func (s *Server) startEngine(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return s.engine.Start(ctx)
}

// flushLog writes what is left of the log, unless its reader does not read.
func (s *Server) flushLog() {
	if s.logLines != nil {
		s.logLines.Flush(logPatience)
	}
}

// droppedLines returns the number of dropped lines of the log. A logger of the embedding program is not counted.
func (s *Server) droppedLines() uint64 {
	if s.logLines == nil {
		return 0
	}
	return s.logLines.Dropped()
}

// closeHooks closes the idle connections of all webhooks.
func (s *Server) closeHooks() {
	s.policy.Close()
	s.current.Load().closeLoginHook()
}

// serve runs all parts with goroutines. The group's context ends with ctx or when the first part fails. Then drain
// ends the clients while the parts that serve them still run.
func (s *Server) serve(ctx context.Context, listener net.Listener, raw rawListeners) error {
	clients, endClients := context.WithCancel(context.WithoutCancel(ctx))
	defer endClients()
	work, endWork := context.WithCancel(context.WithoutCancel(ctx))
	defer endWork()
	group, running := errgroup.WithContext(ctx)
	web := s.newFrontEnd(listener)
	left := make(chan struct{})
	group.Go(func() error { return wrap("serve HTTP", web.serve()) })
	group.Go(func() error {
		defer close(left)
		return wrap("serve WebSocket", s.serveClients(clients))
	})
	for _, c := range s.components {
		if r, ok := c.Component.(feature.Runner); ok {
			group.Go(func() error { return wrap("run "+c.name, r.Run(work)) })
		}
	}
	group.Go(func() error { return wrap("publish periodically", s.policy.Run(work)) })
	group.Go(func() error {
		s.journal.Run(running)
		return nil
	})
	group.Go(func() error {
		<-running.Done()
		defer endWork()
		s.draining.Store(true)
		s.notify("STOPPING=1")
		s.logger.Info("stopping", "sessions", s.router.Stats().Sessions, "drain", s.current.Load().config.WebSocket.Drain.String())
		if s.handsOver() {
			s.handOver(append(web.listeners(), raw...))
		}
		endClients()
		return wrap("stop HTTP", s.drain(web, raw, left))
	})
	raw.serve(s, group)
	rawAddresses := raw.addresses()
	s.rawAddresses.Store(&rawAddresses)
	address := web.address()
	s.address.Store(&address)
	close(s.ready)
	s.notify("READY=1")
	s.announce(ctx, address)
	err := group.Wait()
	s.stopped.Store(true)
	s.logger.InfoContext(context.WithoutCancel(ctx), "stopped")
	return err
}

// announce logs that clients can connect.
func (s *Server) announce(ctx context.Context, address string) {
	if s.options.HandlerOnly {
		s.logger.InfoContext(ctx, "ready for the requests of another HTTP server", "realm", s.realm.Name(), "version", Version())
		return
	}
	s.logger.InfoContext(ctx, "listening", "address", address, "tls", s.current.Load().tls != nil, "realm", s.realm.Name(), "version", Version())
}

// Hurry shortens the drain of a server that stops: the sessions that are left are ended at once.
func (s *Server) Hurry() {
	if s.draining.Load() {
		s.logger.Info("ending the sessions that are left at once")
		s.transport.Hurry()
	}
}

func wrap(step string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return nil
	}
	return fmt.Errorf("%s: %w", step, err)
}

// serveClients runs the transport. When the server stops, clients that leave too slowly are disconnected, which is
// no error.
func (s *Server) serveClients(ctx context.Context) error {
	err := s.transport.Run(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		s.logger.Warn("some clients did not leave in time", "error", err)
		return nil
	}
	return err
}
