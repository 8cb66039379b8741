package client

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Config configures a client. Only URL is required.
type Config struct {
	// URL of the server: http, https, ws or wss. The path is /ws if the URL has none. A RawSocket is rs://host:port,
	// or rss://host:port with TLS, or rs+unix:///path for a Unix socket.
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
	// Tab is the identity of a page, which outlives its sessions (letters, digits, - and _).
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
	// discards it.
	Logger *slog.Logger
	Limits Limits
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
	if c.Serialization > UBJSON {
		return c, fmt.Errorf("unknown serialization %d", c.Serialization)
	}
	if c.Auth == nil {
		c.Auth = anonymous{}
	}
	c.URL = address
	setDefault(&c.Realm, "app")
	setDefault(&c.Agent, "tidings-go")
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
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.OnState == nil {
		c.OnState = func(StateChange) {}
	}
	return c, nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// serverURL returns the URL to dial for the address of a server.
func serverURL(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("server URL: %w", err)
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "ws":
		u.Scheme = "ws"
	case "https", "wss":
		u.Scheme = "wss"
	case "rs", "rss":
		if u.Port() == "" {
			return "", fmt.Errorf("server URL %q names no port", address)
		}
		return u.Scheme + "://" + u.Host, nil
	case "rs+unix":
		if u.Path == "" {
			return "", fmt.Errorf("server URL %q names no path", address)
		}
		return u.String(), nil
	default:
		return "", fmt.Errorf("server URL %q: want http://, https://, ws://, wss://, rs://, rss:// or rs+unix://", address)
	}
	if u.Host == "" {
		return "", fmt.Errorf("server URL %q names no host", address)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/ws"
	}
	u.Fragment = ""
	return u.String(), nil
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
