package transport

import (
	"context"
	"log/slog"
	"net/netip"
	"runtime"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/peer"
)

// Options configure a [Server]. Router or Handler must be set. Everything else works as zero value.
type Options struct {
	Router         *router.Router         // for connections that speak WAMP; or
	Handler        Handler                // for connections that speak something else
	Origins        []string               // patterns of foreign origins that may connect, see ParseOrigin
	AllowsHost     func(host string) bool // see Settings
	TrustedProxies []netip.Prefix         // whose X-Forwarded-* and Forwarded are believed
	Tickets        Tickets                // redeems ?ticket=; nil: such a request is refused
	Cookie         CookieOptions
	Limits         Limits
	Compression    Compression
	Writers        int  // writer goroutines; 0: one for each processor
	DisableIOUring bool // one system call for each connection that is written to
	TakenOver      bool // when Run ends, another process accepts connections already, and serves them at once
	Portable       bool // blocking sockets and net/http only, see netpoll.Options
	Logger         *slog.Logger
}

// BackendTickets are [Tickets] some of which are of programs of the application.
type BackendTickets interface {
	// OfBackend reports whether a ticket claims to be of a program, before it is checked. A server that drains its
	// clients accepts such connections until it ends.
	OfBackend(ticket string) bool
}

// Tickets redeems the ticket of a handshake. A *wamp.Failure tells the client why a ticket is invalid. Any other error
// is a fault of the server and only logged.
type Tickets interface {
	Redeem(ctx context.Context, ticket string, from netip.Addr) (*peer.Identity, error)
}

// Compression says whether permessage-deflate is accepted when a client offers it.
type Compression uint8

// The kinds of compression.
const (
	CompressionOn Compression = iota
	CompressionOff
)

// Limits bound the cost of a connection, in bytes and time. A zero field means its default.
type Limits struct {
	// MaxMessage is the size of a message, over all its fragments and after decompression. It is
	// checked against what a header announces, before anything is allocated.
	MaxMessage int
	// Handshake is MaxMessage for a client that has not joined, so that strangers cannot make the server hold much.
	Handshake int
	// MaxConnections is how many connections are open at once; the next gets status 503.
	MaxConnections int
	// MaxChannels is how many clients share a connection at most; each further one takes a place of a connection. With
	// 1 no connection is shared.
	MaxChannels int
	// Hello is how long a client may take from the upgrade until it has joined, so that no client can hold a connection
	// without a session.
	Hello time.Duration
	// Message is how long a message may take from its first byte to its last. A partial message holds a buffer.
	Message time.Duration
	// Ping is how long a connection may be silent in either direction before it is sent a ping.
	// Proxies cut idle connections, most after 60 s.
	Ping time.Duration
	// Pong is how long the answer to a ping may take. conn.mustPong says which clients have to answer.
	Pong time.Duration
	// Write is how long a client may take to accept the next 64 KiB. It is dropped as slow after writeSteps of that.
	Write time.Duration
	// Close is how long the closing handshake may take, from the decision to close.
	Close time.Duration
	// Drain is the time over which Run spreads the ends of the conversations. Run waits for Close in addition.
	Drain time.Duration
}

// The defaults of [Limits].
const (
	DefaultMaxMessage     = 1 << 20  // far above any notification, harmless even 1000 times
	DefaultHandshake      = 16 << 10 // above every ticket and certificate chain, and what a page says of itself
	DefaultMaxConnections = 100_000  // about 200 MB with the sessions, besides the memory of the kernel
	DefaultMaxChannels    = 32       // more tabs than a person keeps open
	DefaultHello          = 10 * time.Second
	DefaultMessage        = 60 * time.Second // 1 MiB at 17 KiB/s: a bad mobile line
	DefaultPing           = 10 * time.Second // far below the usual 60 s of a proxy
	DefaultPong           = 5 * time.Second
	DefaultWrite          = 10 * time.Second // 6.4 KiB/s at least
	DefaultClose          = 5 * time.Second
	DefaultDrain          = 10 * time.Second
)

func (l Limits) withDefaults() Limits {
	orDefault(&l.MaxMessage, DefaultMaxMessage)
	orDefault(&l.Handshake, DefaultHandshake)
	orDefault(&l.MaxConnections, DefaultMaxConnections)
	orDefault(&l.MaxChannels, DefaultMaxChannels)
	orDefault(&l.Hello, DefaultHello)
	orDefault(&l.Message, DefaultMessage)
	orDefault(&l.Ping, DefaultPing)
	orDefault(&l.Pong, DefaultPong)
	orDefault(&l.Write, DefaultWrite)
	orDefault(&l.Close, DefaultClose)
	orDefault(&l.Drain, DefaultDrain)
	return l
}

func orDefault[T int | time.Duration](value *T, fallback T) {
	if *value <= 0 {
		*value = fallback
	}
}

// tick is the interval in which deadlines are checked: a fraction of the shortest limit, so that a deadline is missed
// by little, and at least 10 ms.
func (l Limits) tick() time.Duration {
	shortest := min(l.Hello, l.Message, l.Ping, l.Pong, l.Write, l.Close)
	return max(min(shortest/5, time.Second), 10*time.Millisecond)
}

func (o Options) withDefaults() Options {
	o.Limits = o.Limits.withDefaults()
	orDefault(&o.Writers, runtime.GOMAXPROCS(0))
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Handler == nil && o.Router != nil {
		o.Handler = wampHandler{o.Router}
	}
	return o
}
