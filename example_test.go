package tidings_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
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
