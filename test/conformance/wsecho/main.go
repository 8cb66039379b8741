// Command wsecho serves an echo over the WebSocket layer of Tidings, without WAMP. It is for test suites of RFC 6455
// and RFC 7692, such as Autobahn's, and for the tests in this folder.
//
//	go run ./test/conformance/wsecho --listen 127.0.0.1:9001
//
// By default it listens on loopback. It accepts connections of any origin at any path without authentication, so it is
// for tests only.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/tidings-io/tidings/internal/transport"
)

// maxMessage is the size of the largest message that test suites send.
const maxMessage = 16 << 20

func main() {
	address := flag.String("listen", "127.0.0.1:9001", "`host:port` to listen on")
	limit := flag.Int("max-message", maxMessage, "size of the largest message, in `bytes`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *address, *limit); err != nil {
		fmt.Fprintln(os.Stderr, "wsecho:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, address string, limit int) error {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("open the listener: %w", err)
	}
	fmt.Println("ws://" + listener.Addr().String())
	return serve(ctx, listener, limit)
}

// serve echoes until ctx ends.
func serve(ctx context.Context, listener net.Listener, limit int) error {
	echoes, err := transport.New(transport.Options{
		Handler: newEcho(2 * limit),
		Origins: []string{"*"},
		Limits:  transport.Limits{MaxMessage: limit},
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	web := &http.Server{Handler: echoes}
	transport.SetTimeouts(web)
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	err = echoes.Run(ctx)
	err = errors.Join(err, web.Close())
	if stopped := <-served; !errors.Is(stopped, http.ErrServerClosed) {
		err = errors.Join(err, stopped)
	}
	return err
}
