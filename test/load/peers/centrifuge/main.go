// Command centrifuge is a server made of github.com/centrifugal/centrifuge, set up to do the same work
// as Tidings: no anonymous clients, a signed ticket for each connection, no compression. With -history it keeps the
// last publications of each channel in memory, and clients recover. Its metrics are on, as they are by default.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/centrifugal/centrifuge"

	"github.com/tidings-io/tidings/test/load/peers/ticket"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "`host:port` to listen on")
	secret := flag.String("secret", "", "the key that signs tickets")
	history := flag.Int("history", 0, "the `number` of publications to keep of each channel; 0 keeps nothing")
	flag.Parse()
	log.Fatalln(serve(*listen, *secret, *history))
}

// historyTTL limits the life of the history of a silent channel.
const historyTTL = time.Hour

func serve(address, secret string, history int) error {
	// The defaults: a client may be 1 MiB behind, up to 16 messages share a frame, a write does not wait for more
	// messages, and the broker is in memory.
	node, err := centrifuge.New(centrifuge.Config{})
	if err != nil {
		return fmt.Errorf("make the node: %w", err)
	}
	kept := centrifuge.PublishOptions{}
	if history > 0 {
		kept.HistorySize, kept.HistoryTTL = history, historyTTL
	}
	allow(node, secret, kept)
	if err := node.Run(); err != nil {
		return fmt.Errorf("run the node: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/connection/websocket", centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
		// These are the settings of its documentation for many idle connections. All settings of writing are the
		// defaults, so there is no pool of write buffers.
		ProcessCommandsOffReadLoop: true,
	}))
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	return http.Serve(listener, mux)
}

// allow lets every client with a ticket subscribe and publish. The callbacks answer at once.
func allow(node *centrifuge.Node, secret string, kept centrifuge.PublishOptions) {
	follow := centrifuge.SubscribeOptions{EnableRecovery: kept.HistorySize > 0}
	node.OnConnecting(func(_ context.Context, e centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		user, err := ticket.Verify(secret, e.Token)
		if err != nil {
			return centrifuge.ConnectReply{}, centrifuge.DisconnectInvalidToken
		}
		return centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{UserID: user}}, nil
	})
	node.OnConnect(func(client *centrifuge.Client) {
		client.OnSubscribe(func(_ centrifuge.SubscribeEvent, answer centrifuge.SubscribeCallback) {
			answer(centrifuge.SubscribeReply{Options: follow}, nil)
		})
		client.OnPublish(func(_ centrifuge.PublishEvent, answer centrifuge.PublishCallback) {
			answer(centrifuge.PublishReply{Options: kept}, nil)
		})
	})
}
