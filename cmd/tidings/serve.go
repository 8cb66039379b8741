package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"sync"
	"syscall"

	tidings "github.com/tidings-io/tidings"
	"github.com/tidings-io/tidings/internal/asynclog"
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/gctune"
)

type serveCommand struct {
	Config string   `help:"Configuration file." placeholder:"FILE" env:"TIDINGS_CONFIG"`
	Listen string   `help:"Address to listen on, instead of the configuration's." placeholder:"HOST:PORT"`
	Set    []string `help:"Override a key of the configuration; repeat for more." placeholder:"KEY=VALUE" sep:"none"`
	Repair bool     `help:"If the data folder is damaged, set the damaged files aside, say what is lost, and start."`
}

// Help is shown by --help.
func (serveCommand) Help() string {
	return `Examples:
  tidings serve --config tidings.yaml
  tidings serve --config tidings.yaml --listen 127.0.0.1:9000 --set limits.message_bytes=2MiB

Find mistakes in the file first with: tidings check tidings.yaml`
}

// Run is called by kong.
func (c *serveCommand) Run(ctx context.Context, s streams) error {
	s.signals.serve()
	server, err := tidings.New(tidings.Config{File: c.Config, Listen: c.Listen, Set: c.Set, LogTo: s.err, Repair: c.Repair, Systemd: true})
	if err != nil {
		return configFailure(s, err)
	}
	surviveWriteErrors()
	log.SetOutput(asynclog.New(s.err, asynclog.Options{})) // libraries that have no other logger
	defer gctune.Start()()
	stopListening := followRequests(server, s.signals)
	err = server.Run(ctx)
	stopListening()
	return explainListen(err, "tidings serve")
}

// followRequests does what signals ask a server for, from when it is ready until stop. The server logs the results.
func followRequests(server *tidings.Server, s *signals) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	reload, hurry := s.requests()
	var following sync.WaitGroup
	following.Go(func() {
		select {
		case <-server.Ready():
		case <-ctx.Done():
			return
		}
		for {
			select {
			case <-reload:
				_, _ = server.Reload(ctx) // it has logged the error
			case <-hurry:
				server.Hurry()
				hurry = nil
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		cancel()
		following.Wait()
	}
}

// configFailure prints the problems of a configuration with their lines.
func configFailure(s streams, err error) error {
	var problems config.Problems
	if !errors.As(err, &problems) {
		return err
	}
	fmt.Fprint(s.err, problems.Render())
	return errReported
}

// explainListen adds advice to the error for an address in use.
func explainListen(err error, command string) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%w\nAnother program uses this address. Choose another one: %s --listen 127.0.0.1:8081", err, command)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%w\nPorts below 1024 need a privilege. Choose a higher one: %s --listen :8080", err, command)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%w\nThis machine does not have the address. For all that it has: %s --listen :8080", err, command)
	}
	var address *net.AddrError
	var name *net.DNSError
	if errors.As(err, &address) || errors.As(err, &name) {
		return fmt.Errorf("%w\nWrite host:port, for example: %s --listen 127.0.0.1:8080", err, command)
	}
	return err
}
