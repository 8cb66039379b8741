// Command nexus is a WAMP router made of github.com/gammazero/nexus, set up to do the same work as
// Tidings: no anonymous clients, a signed ticket for each connection, no compression.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/gammazero/nexus/v3/router"
	"github.com/gammazero/nexus/v3/router/auth"
	"github.com/gammazero/nexus/v3/wamp"

	"github.com/tidings-io/tidings/test/load/peers/ticket"
)

// outQueue is the number of messages that may wait for one client. Nexus drops further messages and reports that only
// in its log. Its default, 64, is the number of publications that one publisher keeps in flight here. Each place
// costs 16 bytes of every connection's memory, so it is not a thousand.
const outQueue = 256

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "`host:port` to listen on")
	secret := flag.String("secret", "", "the key that signs tickets")
	flag.Parse()
	log.Fatalln(serve(*listen, *secret))
}

func serve(address, secret string) error {
	realm := &router.RealmConfig{URI: "app", Authenticators: []auth.Authenticator{tickets(secret)}}
	nexus, err := router.NewRouter(&router.Config{RealmConfigs: []*router.RealmConfig{realm}}, log.New(io.Discard, "", 0))
	if err != nil {
		return fmt.Errorf("make the router: %w", err)
	}
	websocket := router.NewWebsocketServer(nexus)
	websocket.OutQueueSize = outQueue
	mux := http.NewServeMux()
	mux.Handle("/ws", websocket)
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	return http.Serve(listener, mux)
}

// tickets is the secret that signs the tickets. The library's own authenticator for tickets compares with a fixed
// password.
type tickets string

func (tickets) AuthMethod() string { return "ticket" }

func (t tickets) Authenticate(_ wamp.ID, _ wamp.Dict, client wamp.Peer) (*wamp.Welcome, error) {
	client.Send() <- &wamp.Challenge{AuthMethod: "ticket", Extra: wamp.Dict{}} // the first message: there is room
	message, err := wamp.RecvTimeout(client, time.Minute)
	if err != nil {
		return nil, fmt.Errorf("wait for the ticket: %w", err)
	}
	answer, ok := message.(*wamp.Authenticate)
	if !ok {
		return nil, errors.New("wait for the ticket: got another message")
	}
	user, err := ticket.Verify(string(t), answer.Signature)
	if err != nil {
		return nil, err
	}
	return &wamp.Welcome{Details: wamp.Dict{
		"authid": user, "authrole": "user", "authmethod": "ticket", "authprovider": "load",
	}}, nil
}
