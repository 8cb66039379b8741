// Command mercure is a hub made of github.com/dunglas/mercure, set up to do the same work as Tidings:
// no anonymous clients, a signed token for each subscriber and publication, nothing kept of
// publications. Subscribers are Server-Sent Events over HTTP/1.1.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"

	"github.com/dunglas/mercure"
	"go.uber.org/zap"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "`host:port` to listen on")
	secret := flag.String("secret", "", "the key that signs tokens")
	flag.Parse()
	log.Fatalln(serve(*listen, *secret))
}

func serve(address, secret string) error {
	// Its defaults: a subscriber may be 1,000 updates behind, is given 5 seconds for each, and is asked
	// to come back after ten minutes. The transport is local, in memory.
	hub, err := mercure.NewHub(
		mercure.WithPublisherJWT([]byte(secret), "HS256"),
		mercure.WithSubscriberJWT([]byte(secret), "HS256"),
		mercure.WithLogger(zap.NewNop()),
	)
	if err != nil {
		return fmt.Errorf("make the hub: %w", err)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	return http.Serve(listener, hub)
}
