package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"time"

	tidings "github.com/tidings-io/tidings"
	"github.com/tidings-io/tidings/client"
)

// exampleServer runs a server for an example, and returns its address.
func exampleServer() (server *tidings.Server, address string, stop func()) {
	server, err := tidings.New(tidings.Config{
		YAML: []byte(`
auth: {tickets: {secret: "a secret of at least 32 bytes, or so"}}
api_keys: [{name: shop, key: "an example of a key, not a secret", may: ["*"]}]
topics:
  order.{id:int}: {subscribe: backend, publish: backend, keep: {last: 100}}
procedures:
  price.{article}: {call: backend, register: backend}
`),
		Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx) }()
	<-server.Ready()
	return server, server.Addr(), func() {
		cancel()
		if err := <-done; err != nil {
			log.Fatal(err)
		}
	}
}

const exampleKey = "an example of a key, not a secret"

func ExampleConnect() {
	_, address, stop := exampleServer()
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	c, err := client.Connect(ctx, client.Config{URL: address, Auth: client.Key(exampleKey)})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	fmt.Println("connected as", c.Session().AuthID)
	// Output: connected as shop
}

// A subscription goes on after a reconnect: first with what was missed, then with what is new.
func ExampleClient_Subscribe() {
	server, address, stop := exampleServer()
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := client.Connect(ctx, client.Config{URL: address, Auth: client.Key(exampleKey)})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	if _, err := server.Realm().Publish(ctx, "order.42", tidings.Args("placed"), nil); err != nil {
		log.Fatal(err)
	}

	events := make(chan *client.Event)
	orders, err := c.Subscribe(ctx, "order.", func(e *client.Event) { events <- e }, &client.SubscribeOptions{
		Match: client.MatchPrefix,
		Last:  10, // begin with the last ten that the server keeps
		OnGap: func(g client.Gap) { fmt.Println("load all orders anew:", g) },
		OnStatus: func(s client.Status) {
			if s.Freshness == client.Stale {
				fmt.Println("the orders are of", s.Since)
			}
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	e := <-events
	fmt.Println(e.Topic, e.Args[0])
	if err := orders.Unsubscribe(ctx); err != nil {
		log.Fatal(err)
	}
	// Output: order.42 placed
}

func ExampleClient_Publish() {
	_, address, stop := exampleServer()
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := client.Connect(ctx, client.Config{URL: address, Auth: client.Key(exampleKey)})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	// With an IdempotencyKey a retry after ErrConnectionLost is published once.
	options := &client.PublishOptions{IdempotencyKey: "order 42 shipped"}
	first, err := c.Publish(ctx, "order.42", client.Kwargs(map[string]any{"status": "shipped"}), options)
	if err != nil {
		log.Fatal(err)
	}
	again, err := c.Publish(ctx, "order.42", client.Kwargs(map[string]any{"status": "shipped"}), options)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the same publication:", first == again)

	_, err = c.Publish(ctx, "invoice.42", client.Args("paid"), nil)
	fmt.Println("refused:", errors.Is(err, client.ErrNotAuthorized))
	// Output:
	// the same publication: true
	// refused: true
}

func ExampleClient_Register() {
	_, address, stop := exampleServer()
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := client.Connect(ctx, client.Config{URL: address, Auth: client.Key(exampleKey)})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	_, err = c.Register(ctx, "price.tea", func(_ context.Context, call *client.Invocation) (client.Payload, error) {
		var grams int
		if len(call.Args) != 1 || call.Decode(&grams) != nil {
			return client.Payload{}, &client.Error{URI: "shop.error.no_weight", Message: "say how many grams"}
		}
		return client.Args(grams * 3), nil
	}, nil)
	if err != nil {
		log.Fatal(err)
	}
	price, err := c.Call(ctx, "price.tea", client.Args(100), nil)
	fmt.Println(price.Args, err)
	_, err = c.Call(ctx, "price.tea", client.Payload{}, nil)
	fmt.Println(err)
	// Output:
	// [300] <nil>
	// call price.tea: shop.error.no_weight: say how many grams
}

// A page or a device logs in with tickets, which the application's backend issues. A new one is asked for before every
// connection, and before the session ends.
func ExampleTicket() {
	server, address, stop := exampleServer()
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := client.Connect(ctx, client.Config{
		URL: address,
		Auth: client.Ticket(func(ctx context.Context) (string, error) {
			ticket, err := server.IssueTicket(ctx, tidings.Grant{User: "ann"}) // elsewhere: a request to the backend
			return ticket.Ticket, err
		}),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	fmt.Println("connected as", c.Session().AuthID)
	// Output: connected as ann
}

func ExampleClient_Status() {
	_, address, stop := exampleServer()
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	changes := make(chan client.Status, 10)
	c, err := client.Connect(ctx, client.Config{
		URL: address, Auth: client.Key(exampleKey),
		OnStatus: func(s client.Status) { changes <- s },
	})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	fmt.Println((<-changes).Freshness)
	fmt.Println(c.Status().Freshness)
	// Output:
	// live
	// live
}
