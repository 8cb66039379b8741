// Package client connects to a Tidings server, or to any other WAMP router, by WAMP version 2: it subscribes,
// publishes, registers and calls over one connection.
//
//	c, err := client.Connect(ctx, client.Config{URL: "http://127.0.0.1:8080", Auth: client.Key(key)})
//	sub, err := c.Subscribe(ctx, "order.42", func(e *client.Event) { ... }, nil)
//	_, err = c.Publish(ctx, "order.42", client.Args("shipped"), nil)
//
// A lost connection is restored, with back-off and jitter, together with its subscriptions and registrations;
// [Config].OnState reports the state. Of topics that the router keeps, what was missed comes first, each event once and
// in order; OnGap tells what cannot be had. [Subscription.Status] and [Client.Status] tell whether what was delivered
// is all that there is. A request without a connection waits for one until its context ends. A session that has an end
// is renewed before it, with what [Config].Auth gives for the next login.
//
// The package never sends a publication or a call twice: one that was under way when the connection was lost ends
// with [ErrConnectionLost], and it is unknown whether it arrived. Event handlers run one after the other, in the
// order of arrival, and may use the client.
package client
