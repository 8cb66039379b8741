// Package demo is a small application to try Tidings with: orders to edit, moving prices, chat rooms and made-up users.
// It uses the public package tidings, as any program would.
//
// Its data is in memory and is lost when it stops. The package never authenticates: the visitor of a page chooses a
// user. It is not an example of how to protect an application.
package demo

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"

	tidings "github.com/tidings-io/tidings"
	"github.com/tidings-io/tidings/internal/assets"
	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/web"
)

// configFile is the configuration of the demo. Each feature of the build adds a section.
const configFile = "demo.yaml"

//go:embed demo.yaml schemas
var embedded embed.FS

// sections are the parts of the configuration for the features of this build, one file each.
var sections []string

// files are the embedded files, with the sections in the configuration.
type files struct{ embed.FS }

// ReadFile implements [fs.ReadFileFS].
func (f files) ReadFile(name string) ([]byte, error) {
	data, err := f.FS.ReadFile(name)
	if err == nil && name == configFile {
		data = append(data, strings.Join(append([]string{""}, sections...), "\n")...)
	}
	return data, err
}

// KnownKey is the API key of a demo that listens on a loopback address.
const KnownKey = "demo"

// Options configure the demo.
type Options struct {
	Listen   string       // host:port
	Listener net.Listener // if set, used instead of Listen
	Key      string       // the API key of the command line
	Logger   *slog.Logger
}

// Demo is the application and its server.
type Demo struct {
	server *tidings.Server
	orders *orders
	ticker *ticker
	logger *slog.Logger
}

// New assembles the demo and starts nothing.
func New(options Options) (*Demo, error) {
	secrets := map[string]string{"DEMO_SECRET": rand.Text() + rand.Text(), "DEMO_KEY_HASH": auth.Hash(options.Key)}
	server, err := tidings.New(tidings.Config{
		File:     configFile,
		Files:    files{embedded},
		Env:      func(name string) (string, bool) { value, ok := secrets[name]; return value, ok },
		Listen:   options.Listen,
		Listener: options.Listener,
		Logger:   options.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("assemble the demo's server: %w", err)
	}
	d := &Demo{server: server, orders: newOrders(), ticker: newTicker(), logger: options.Logger}
	if err := errors.Join(d.register(), d.mount()); err != nil {
		return nil, err
	}
	return d, nil
}

// Server returns the server that the demo runs in.
func (d *Demo) Server() *tidings.Server { return d.server }

// Run serves until ctx ends. It returns after the price ticker, the only goroutine that it starts, has ended.
func (d *Demo) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	ticking := make(chan struct{})
	go func() {
		defer close(ticking)
		d.ticker.run(ctx, d.server)
	}()
	err := d.server.Run(ctx)
	stop()
	<-ticking
	return err
}

// policy is the Content-Security-Policy of the pages: they load files from this server and connect to it.
const policy = "default-src 'self'; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'self'; frame-ancestors 'self'; object-src 'none'"

// mount adds the pages and their backend to the server.
func (d *Demo) mount() error {
	files, err := assets.New(web.Demo(), assets.Options{
		Prefix: "/demo/",
		Header: http.Header{"Content-Security-Policy": {policy}},
		Refuse: writeProblem,
	})
	if err != nil {
		return err
	}
	return errors.Join(
		d.server.Mount("/demo/api/", d.api()),
		d.server.Mount("/demo/", files),
		d.server.Mount("GET /{$}", http.RedirectHandler("/demo/", http.StatusFound)),
	)
}

// register registers procedures to try "tidings call" with.
func (d *Demo) register() error {
	echo := func(_ context.Context, call *tidings.Invocation) (tidings.Payload, error) { return call.Payload, nil }
	_, err := d.server.Realm().Register("demo.echo", echo)
	_, err2 := d.server.Realm().Register("demo.order", d.callOrder)
	return errors.Join(err, err2)
}

// callOrder returns the order whose number is the only argument.
func (d *Demo) callOrder(_ context.Context, call *tidings.Invocation) (tidings.Payload, error) {
	var id int
	if err := call.Payload.Decode(&id); err != nil || len(call.Payload.Args) != 1 {
		return tidings.Payload{}, tidings.Errorf("demo.error.no_number", "give the number of an order, such as 1042")
	}
	order, ok := d.orders.get(id)
	if !ok {
		return tidings.Payload{}, tidings.Errorf("demo.error.no_such_order", "there is no order %d", id)
	}
	return tidings.Args(order), nil
}
