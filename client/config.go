package client

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Config configures a client. Only URL is required.
type Config struct {
	// URL of the server: http, https, ws or wss. Without a scheme, as in "127.0.0.1:8080", it is http, and https for
	// port 443. The path is /ws if the URL has none. A RawSocket is rs://host:port, or rss://host:port with TLS, or
	// rs+unix:///path for a Unix socket.
	URL string
	// Realm to join; "app" when empty.
	Realm string

	// Auth proves the identity of the client: [Ticket], [Key], or another method. nil logs in anonymously.
	Auth Authenticator
	// AuthID, if not empty, must be the user or backend that Auth proves.
	AuthID string

	// Serialization of all messages; JSON by default.
	Serialization Serialization
	// Reconnect configures how a lost connection is restored.
	Reconnect Reconnect
	// OnState is called for every change of the connection, in order. It must not block.
	OnState func(StateChange)
	// OnStatus is called for changes of [Client.Status], in order with the events. If several come at once, it is called
	// with the newest.
	OnStatus func(Status)
	// Tab is the identity of the client, which outlives its sessions (letters, digits, - and _): what it has published
	// does not come back to it after a reconnect either. "": a random one.
	Tab string
	// Agent names the kind of client to the operators of the server.
	Agent string

	// TLS for https and wss.
	TLS *tls.Config
	// Header is added to the WebSocket handshake.
	Header http.Header
	// Dial replaces the connection to the server, for proxies and Unix sockets.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Logger gets what no return value can report, such as a subscription that was refused after a reconnect. nil
	// discards it, but for panics of handlers, which then go to [slog.Default].
	Logger *slog.Logger
	Limits Limits

	quiet bool // Logger was nil
}

// Reconnect configures the tries to restore a connection. The zero value tries for ever.
type Reconnect struct {
	// Off ends the client when its connection is lost.
	Off bool
	// Min and Max bound the pause before a try. It doubles from Min (500 ms) to Max (30 s), and each is shortened at
	// random by up to a half, so that the clients of a restarted server do not connect all at once.
	Min, Max time.Duration
	// Tries in a row without a session, after which the client ends; 0 is no limit.
	Tries int
}

// Limits bound the cost of a server or a handler that is slow or faulty. Zero fields get the defaults.
type Limits struct {
	// Message is the longest message accepted from the server, in bytes.
	Message int
	// Outgoing is the bytes that may wait to be written before further requests block.
	Outgoing int
	// Events is the number of events that may wait for a busy handler. Then the client stops reading, and closes the
	// connection with [ErrSlowHandler] after HandlerPatience.
	Events          int
	HandlerPatience time.Duration
	// Invocations is the number of concurrent invocations; further ones are refused.
	Invocations int
	// Join bounds one try to connect, from the first packet to WELCOME.
	Join time.Duration
	// Ping is the pause between two pings. Without a sign of life for twice as long, the connection counts as lost.
	Ping time.Duration
	// Leave bounds the wait for the server's answer to GOODBYE.
	Leave time.Duration
}

const (
	defaultMessage         = 16 << 20 // twice the longest message that the server accepts by default
	defaultOutgoing        = 4 << 20
	defaultEvents          = 4096
	defaultHandlerPatience = 10 * time.Second // shorter than the time after which servers drop a reader that stalls
	defaultInvocations     = 1024
	defaultJoin            = 15 * time.Second // a ticket from a slow backend, TLS and two round trips
	defaultPing            = 30 * time.Second // below the usual idle limit of 60 s of proxies
	defaultLeave           = 5 * time.Second
	defaultBackoffMin      = 500 * time.Millisecond
	defaultBackoffMax      = 30 * time.Second
)

// withDefaults checks the configuration and fills in the defaults.
func (c Config) withDefaults() (Config, error) {
	address, err := serverURL(c.URL)
	if err != nil {
		return c, err
	}
	if err := c.check(); err != nil {
		return c, err
	}
	if c.Auth == nil {
		c.Auth = anonymous{}
	}
	c.URL = address
	setDefault(&c.Realm, "app")
	setDefault(&c.Agent, "tidings-go")
	setDefault(&c.Tab, rand.Text())
	setDefault(&c.Reconnect.Min, defaultBackoffMin)
	setDefault(&c.Reconnect.Max, max(defaultBackoffMax, c.Reconnect.Min))
	setDefault(&c.Limits.Message, defaultMessage)
	setDefault(&c.Limits.Outgoing, defaultOutgoing)
	setDefault(&c.Limits.Events, defaultEvents)
	setDefault(&c.Limits.HandlerPatience, defaultHandlerPatience)
	setDefault(&c.Limits.Invocations, defaultInvocations)
	setDefault(&c.Limits.Join, defaultJoin)
	setDefault(&c.Limits.Ping, defaultPing)
	setDefault(&c.Limits.Leave, defaultLeave)
	if c.Logger == nil {
		c.Logger, c.quiet = slog.New(slog.DiscardHandler), true
	}
	if c.OnState == nil {
		c.OnState = func(StateChange) {}
	}
	return c, nil
}

// check returns what is wrong with the values that have no default.
func (c *Config) check() error {
	if c.Serialization > UBJSON {
		return fmt.Errorf("unknown serialization %d", c.Serialization)
	}
	for _, number := range []struct {
		name  string
		value int64
	}{
		{"Reconnect.Min", int64(c.Reconnect.Min)},
		{"Reconnect.Max", int64(c.Reconnect.Max)},
		{"Reconnect.Tries", int64(c.Reconnect.Tries)},
		{"Limits.Message", int64(c.Limits.Message)},
		{"Limits.Outgoing", int64(c.Limits.Outgoing)},
		{"Limits.Events", int64(c.Limits.Events)},
		{"Limits.HandlerPatience", int64(c.Limits.HandlerPatience)},
		{"Limits.Invocations", int64(c.Limits.Invocations)},
		{"Limits.Join", int64(c.Limits.Join)},
		{"Limits.Ping", int64(c.Limits.Ping)},
		{"Limits.Leave", int64(c.Limits.Leave)},
	} {
		if number.value < 0 {
			return fmt.Errorf("%s is negative: 0 means the default", number.name)
		}
	}
	return nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Serialization is the encoding of messages as bytes.
type Serialization uint8

// The serializations that a client can request.
const (
	JSON Serialization = iota
	MessagePack
	CBOR
	UBJSON
)

// String returns the usual name.
func (s Serialization) String() string {
	switch s {
	case JSON:
		return "json"
	case MessagePack:
		return "msgpack"
	case CBOR:
		return "cbor"
	case UBJSON:
		return "ubjson"
	}
	return "unknown"
}

func (s Serialization) encoding() wamp.Encoding {
	switch s {
	case MessagePack:
		return wamp.V2MessagePack
	case CBOR:
		return wamp.V2CBOR
	case UBJSON:
		return wamp.V2UBJSON
	default:
		return wamp.V2JSON
	}
}
