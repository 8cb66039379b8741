package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"

	"github.com/lmittmann/tint"

	"github.com/tidings-io/tidings/internal/asynclog"
	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/demo"
)

type demoCommand struct {
	Listen  string `help:"Address to listen on; 127.0.0.1:8080 if left out." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	Verbose bool   `short:"v" help:"Log every request."`
	outputFlag
}

// Help is shown by --help.
func (demoCommand) Help() string {
	return `Example:
  tidings demo --listen 127.0.0.1:9000

Runs a server with a small application at /demo/. It needs no configuration, no network and no
database, and forgets everything when it ends. The API key is "demo" on an address that only this
machine can reach, and a random one elsewhere.`
}

// Run is called by kong.
func (c *demoCommand) Run(ctx context.Context, s streams) error {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return explainStart(err, "tidings demo")
	}
	defer listener.Close()
	key := demo.KnownKey
	if !isLoopback(listener.Addr()) {
		key = auth.NewKey()
	}
	level := slog.LevelWarn
	if c.Verbose {
		level = slog.LevelInfo
	}
	surviveWriteErrors()
	lines := asynclog.New(s.err, asynclog.Options{})
	defer lines.Flush(patience)
	logger := slog.New(tint.NewTextHandler(lines, &tint.Options{Level: level, TimeFormat: "15:04:05.000", NoColor: true}))
	d, err := demo.New(demo.Options{Listener: listener, Key: key, Logger: logger})
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	select {
	case err := <-done:
		return err
	case <-d.Server().Ready():
	}
	if err := c.welcome(s, d.Server().Addr(), key); err != nil {
		return err
	}
	return <-done
}

func isLoopback(address net.Addr) bool {
	parsed, err := netip.ParseAddrPort(address.String())
	return err == nil && parsed.Addr().Unmap().IsLoopback()
}

// welcome prints the addresses of the demo and commands to try.
func (c *demoCommand) welcome(s streams, address, key string) error {
	url := "http://" + browsable(address)
	if c.JSON {
		return printJSON(s.out, map[string]string{"url": url, "demo": url + "/demo/", "key": key})
	}
	flags := " --key " + key
	if url != "http://127.0.0.1:8080" {
		flags = " --server " + url + flags
	}
	_, err := fmt.Fprint(s.out, asTyped(fmt.Sprintf(`Tidings runs at %[1]s

  Open      %[1]s/demo/
            in two windows, as two users (the switch is in the header), and edit an order in one.

  Try       tidings publish user.ann.flash "Hello, Ann"%[2]s
            tidings maintenance on --message "Back in five minutes"%[2]s
            tidings maintenance off%[2]s
            tidings subscribe price. --match prefix --count 10%[2]s
            tidings call demo.order 1042%[2]s
            tidings sessions%[2]s

            curl %[1]s/api/v1/publish -H "Authorization: Bearer %[3]s" \
              -H "Content-Type: application/json" -d '{"topic":"user.ann.flash","args":["Hello from curl"]}'

  Look at   %[1]s/api/v1/openapi.json   the HTTP API
            %[1]s/metrics               for Prometheus

Ctrl-C ends it. Nothing is kept.
`, url, flags, key)))
	return err
}

// browsable replaces the unspecified address, which stands for all addresses of the machine, by one for a browser.
func browsable(address string) string {
	parsed, err := netip.ParseAddrPort(address)
	if err != nil || !parsed.Addr().IsUnspecified() {
		return address
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), parsed.Port()).String()
}
