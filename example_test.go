package tidings_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	tidings "github.com/tidings-io/tidings"
	"github.com/tidings-io/tidings/client"
)

const configuration = `
auth:
  tickets: {secret: "a secret of at least 32 bytes, or so"}
topics:
  order.{id:int}:
    subscribe: '"staff" in identity.roles'
    publish: backend
procedures:
  shop.total: {call: "true"}
`

// A program embeds the server, answers for a topic and a procedure with functions of its own, and a
// user's page (here: the Go client) connects with a ticket.
func Example() {
	server, err := tidings.New(tidings.Config{
		YAML:   []byte(configuration),
		Listen: "127.0.0.1:0",
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		log.Fatal(err)
	}
	err = server.Handle("order.{id:int}", tidings.Handlers{
		Subscribe: func(_ context.Context, r *tidings.Request) error {
			if r.Params["id"] != "42" {
				return tidings.Refuse("order %s is not yours", r.Params["id"])
			}
			return nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	_, err = server.Realm().Register("shop.total", func(_ context.Context, call *tidings.Invocation) (tidings.Payload, error) {
		var prices []int
		if err := call.Payload.Decode(&prices); err != nil {
			return tidings.Payload{}, tidings.Errorf("shop.error.no_prices", "give the prices")
		}
		total := 0
		for _, price := range prices {
			total += price
		}
		return tidings.Args(total), nil
	})
	if err != nil {
		log.Fatal(err)
	}

	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	<-server.Ready()

	page, err := client.Connect(ctx, client.Config{
		URL: "http://" + server.Addr(),
		Auth: client.Ticket(func(ctx context.Context) (string, error) {
			ticket, err := server.IssueTicket(ctx, tidings.Grant{User: "ann", Roles: []string{"staff"}})
			return ticket.Ticket, err
		}),
	})
	if err != nil {
		log.Fatal(err)
	}
	events := make(chan *client.Event)
	if _, err := page.Subscribe(ctx, "order.42", func(e *client.Event) { events <- e }, nil); err != nil {
		log.Fatal(err)
	}
	_, err = page.Subscribe(ctx, "order.43", func(*client.Event) {}, nil)
	fmt.Println(err)

	receipt, err := server.Realm().Publish(ctx, "order.42", tidings.Kwargs(map[string]any{"status": "shipped"}), nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.Deliveries, "page was told:", (<-events).Kwargs["status"])

	total, err := page.Call(ctx, "shop.total", client.Args(1, 2, 39), nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("total:", total.Args[0])

	if err := page.Close(); err != nil {
		log.Fatal(err)
	}
	stop()
	if err := <-done; err != nil {
		log.Fatal(err)
	}
	// Output:
	// wamp.error.not_authorized: order 43 is not yours
	// 1 page was told: shipped
	// total: 42
}

// The server is a handler of the program's own HTTP server, below a prefix.
func ExampleServer_ServeHTTP() {
	server, err := tidings.New(tidings.Config{YAML: []byte(configuration), HandlerOnly: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	<-server.Ready()

	mux := http.NewServeMux()
	mux.Handle("/tidings/", http.StripPrefix("/tidings", server))
	web := httptest.NewServer(mux) // in a program: http.ListenAndServe(address, mux)
	defer web.Close()

	answer, err := web.Client().Get(web.URL + "/tidings/healthz")
	if err != nil {
		log.Fatal(err)
	}
	answer.Body.Close()
	fmt.Println(answer.Status)
	stop()
	if err := <-done; err != nil {
		log.Fatal(err)
	}
	// Output: 200 OK
}

// The program sees its sessions, and ends them.
func ExampleRealm_OnJoin() {
	server, err := tidings.New(tidings.Config{YAML: []byte(configuration), Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		log.Fatal(err)
	}
	left := make(chan string, 1) // a handler must not block
	_, err = server.Realm().OnJoin(func(s tidings.Session) { fmt.Println(s.Identity.ID, "has joined") })
	if err != nil {
		log.Fatal(err)
	}
	_, err = server.Realm().OnLeave(func(s tidings.Session, reason string) { left <- s.Identity.ID + " has left: " + reason })
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	<-server.Ready()

	page, err := client.Connect(ctx, client.Config{
		URL: server.Addr(),
		Auth: client.Ticket(func(ctx context.Context) (string, error) {
			ticket, err := server.IssueTicket(ctx, tidings.Grant{User: "ann"})
			return ticket.Ticket, err
		}),
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range server.Realm().Sessions() {
		server.Realm().Kick(s.ID, "the shop closes")
	}
	fmt.Println(<-left)
	<-page.Done()
	fmt.Println(page.Err())
	stop()
	if err := <-done; err != nil {
		log.Fatal(err)
	}
	// Output:
	// ann has joined
	// ann has left: killed
	// wamp.close.killed: the shop closes
}

// A flash is a short message to all pages of one user.
func ExampleServer_Flash() {
	server, err := tidings.New(tidings.Config{
		YAML:   []byte("topics:\n  user.{user}.flash: {subscribe: params.user == identity.id, publish: backend}"),
		Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	<-server.Ready()
	cancel, err := server.Realm().Subscribe("user.ben.flash", client.MatchExact, func(e *tidings.Event) {
		fmt.Println(e.Kwargs["level"], e.Kwargs["text"])
	})
	if err != nil {
		log.Fatal(err)
	}
	defer cancel()
	receipt, err := server.Flash(ctx, "ben", tidings.Flash{Level: tidings.FlashSuccess, Text: "Your report is ready"})
	fmt.Println(receipt.Deliveries, "pages", err)
	stop()
	if err := <-done; err != nil {
		log.Fatal(err)
	}
	// Output:
	// success Your report is ready
	// 0 pages <nil>
}
