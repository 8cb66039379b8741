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

// Config says where to connect and as whom. Only URL is required.
type Config struct {
	// URL of the server: http, https, ws or wss. Without a path, /ws is meant. For RawSocket it is
	// rs://host:port, with TLS rss://host:port, and rs+unix:///path for a Unix socket.
	URL string
	// Realm to join; "app" when empty.
	Realm string

	// Auth proves the identity of the client: [Ticket], [Key], or another method. nil logs in anonymously.
	Auth Authenticator
	// AuthID, if not empty, must be the user or backend that Auth proves.
	AuthID string

	// Serialization of all messages; JSON unless another is named.
	Serialization Serialization
	// Reconnect says how a lost connection is made again.
	Reconnect Reconnect
	// OnState is told of every change of the connection, in order. It must not block.
	OnState func(StateChange)
	// Tab is the identity of a page that outlives its sessions (letters, digits, - and _).
	Tab string
	// Agent is what the server's operators see as the kind of client.
	Agent string

	// TLS for https and wss.
	TLS *tls.Config
	// Header is added to the WebSocket handshake.
	Header http.Header
	// Dial replaces the way to the server, for proxies and Unix sockets.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Logger hears what no return value can say, such as a subscription that the server refused
	// after a reconnect. None when nil.
	Logger *slog.Logger
	Limits Limits
}

// Reconnect says how often and how soon to try. The zero value tries for ever.
type Reconnect struct {
	// Off ends the client when its connection is lost.
	Off bool
	// Min and Max bound the pause before a try: it doubles from Min (500 ms) to Max (30 s), and
	// each is shortened at random by up to a half, so that a restarted server does not meet
	// everybody at once.
	Min, Max time.Duration
	// Tries in a row without a session, after which the client ends; 0 is no limit.
	Tries int
}

// Limits keep what a peer or a slow handler can cost within bounds. Zero fields get the defaults.
type Limits struct {
	// Message is the longest message taken from the server, in bytes.
	Message int
	// Outgoing bytes wait to be written before further requests wait for room.
	Outgoing int
	// Events wait for a handler that is busy; after that the server waits, and after
	// HandlerPatience the connection is given up with [ErrSlowHandler].
	Events          int
	HandlerPatience time.Duration
	// Invocations that run at once; further ones are refused.
	Invocations int
	// Join bounds one try to connect, from the first packet to WELCOME.
	Join time.Duration
	// Ping is the pause between two pings; without any sign of life for twice as long the
	// connection is lost.
	Ping time.Duration
	// Leave bounds the wait for the server's answer to GOODBYE.
	Leave time.Duration
}

const (
	defaultMessage         = 16 << 20 // twice the server's default for what it takes, and a bound all the same
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

// withDefaults checks the configuration and fills in what was left out.
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

// serverURL turns the address that people know into the one to dial.
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

// Serialization is how messages become bytes.
type Serialization uint8

// The serializations that a client can ask for.
const (
	JSON Serialization = iota
	MessagePack
	CBOR
	UBJSON
)

// String gives the usual name.
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
