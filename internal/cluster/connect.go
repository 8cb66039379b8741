package cluster

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// reconnectWait is the pause between two tries to restore a lost connection.
const reconnectWait = 100 * time.Millisecond

// connection is a connection to a NATS server with JetStream, wherever that server runs.
type connection struct {
	conn   *nats.Conn
	stream jetstream.JetStream
}

// connect connects to the server at an address, which is an option of nats.Connect.
func connect(address nats.Option, log *slog.Logger) (*connection, error) {
	conn, err := nats.Connect("", address,
		nats.Name("tidings"),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("the connection to the engine was lost", "error", err)
			}
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			log.Warn("the engine reported an error", "error", err)
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("connect to the engine: %w", err)
	}
	stream, err := jetstream.New(conn, jetstream.WithDefaultTimeout(storeTimeout))
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("reach the store: %w", err)
	}
	return &connection{conn, stream}, nil
}

func (c *connection) close() { c.conn.Close() }
