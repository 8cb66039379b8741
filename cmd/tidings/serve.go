package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync"

	tidings "github.com/tidings-io/tidings"
	"github.com/tidings-io/tidings/internal/asynclog"
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/gctune"
)

type serveCommand struct {
	Config string   `help:"Configuration file; ./tidings.yaml or the system's if left out." placeholder:"FILE" env:"TIDINGS_CONFIG"`
	Listen string   `help:"Address to listen on, instead of the configuration's." placeholder:"HOST:PORT"`
	Set    []string `help:"Override a key of the configuration; repeat for more." placeholder:"KEY=VALUE" sep:"none"`
	Repair bool     `help:"If the data folder is damaged, set the damaged files aside, say what is lost, and start."`
}

// Help is shown by --help.
func (serveCommand) Help() string {
	return `Examples:
  tidings serve
  tidings serve --config tidings.yaml --listen 127.0.0.1:9000 --set limits.message_bytes=2MiB

Without --config it reads ./tidings.yaml, or else the file of the system, /etc/tidings/tidings.yaml. The log names
the file. Find mistakes in it first with: tidings check`
}

// Run is called by kong.
func (c *serveCommand) Run(ctx context.Context, s streams) error {
	s.signals.serve()
	if c.Config == "" {
		c.Config = findSettings()
	}
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
	return explainStart(err, "tidings serve")
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
	fmt.Fprint(s.err, asTyped(problems.Render()))
	return errReported
}
