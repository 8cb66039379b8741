// Package client talks WAMP version 2 to a Tidings server, or to any other WAMP router: it
// subscribes, publishes, registers and calls over one WebSocket.
//
//	c, err := client.Connect(ctx, client.Config{URL: "http://127.0.0.1:8080", Auth: client.Key(key)})
//	sub, err := c.Subscribe(ctx, "order.42", func(e *client.Event) { ... }, nil)
//	_, err = c.Publish(ctx, "order.42", client.Args("shipped"), nil)
//
// A lost connection is made again, with back-off and jitter, and what was subscribed and registered
// is subscribed and registered again; [Config].OnState says what happens meanwhile. A request that
// finds no connection waits for one as long as its context allows.
//
// The package never sends a publication or a call twice: one that was on its way when the connection
// was lost ends with [ErrConnectionLost], and whether it arrived is not known. It never calls handlers
// of events at the same time: they run one after the other, in the order of arrival, and may
// themselves use the client.
package client
