// Command load measures what a Tidings server costs, from outside, as a process: it starts the real
// binary, opens real connections to it over loopback, and reads its memory and CPU time from /proc.
//
// It never measures inside the server, and never anything but servers that it started itself.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	binary := flags.String("tidings", "../../bin/tidings", "the binary to measure; `make build` makes it")
	connections := flags.Int("connections", 10_000, "how many connections to hold")
	publications := flags.Int("publications", 20, "how many publications to send to all of them")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *connections < 1 || *connections > maxConnections {
		return fmt.Errorf("-connections %d: give 1 to %d, which is what one loopback address has ports for", *connections, maxConnections)
	}
	if err := raiseFileLimit(uint64(*connections) + 200); err != nil {
		return err
	}
	server, err := startServer(ctx, *binary)
	if err != nil {
		return err
	}
	defer server.stop()
	return measure(ctx, server, *connections, *publications)
}

// measure prints the memory of the server before, with all connections subscribed and at rest, and
// the CPU time that delivering to them takes.
func measure(ctx context.Context, server *server, connections, publications int) error {
	before, err := server.settledRSS(ctx)
	if err != nil {
		return err
	}
	cpu := server.cpu()
	clients, err := connectAll(ctx, server, connections)
	if err != nil {
		return err
	}
	defer clients.close()
	opening := server.cpu() - cpu
	after, err := server.settledRSS(ctx)
	if err != nil {
		return err
	}
	n := float64(connections)
	fmt.Printf("connections            %10d, each authenticated with a ticket and subscribed to one topic\n", connections)
	fmt.Printf("RSS without any        %10.1f MiB\n", float64(before)/(1<<20))
	fmt.Printf("RSS with all at rest   %10.1f MiB\n", float64(after)/(1<<20))
	fmt.Printf("RSS per connection     %10.2f KiB\n", float64(after-before)/1024/n)
	fmt.Printf("CPU per connection     %10.1f us (TCP, upgrade, HELLO, ticket, SUBSCRIBE)\n", opening.Seconds()*1e6/n)
	if publications == 0 {
		return nil
	}
	cpu = server.cpu()
	if err := clients.publishAndDrain(ctx, publications); err != nil {
		return err
	}
	events := n * float64(publications)
	fmt.Printf("CPU per event          %10.2f us (%d publications of 128 bytes, each received by every client)\n",
		(server.cpu()-cpu).Seconds()*1e6/events, publications)
	return nil
}
