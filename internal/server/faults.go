package server

import (
	"context"
	"log"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/tidings-io/tidings/internal/logonce"
)

// fullAgain is after which time the log says again that connections find no place.
const fullAgain = time.Minute

// faults log mistakes that are found before there is a request. All are logged at debug, and at warn, once in a while,
// those that an operator can mend.
type faults struct {
	log  *slog.Logger
	tls  *logonce.Set
	full *logonce.Set
}

func newFaults(log *slog.Logger) *faults {
	return &faults{log, logonce.New(logonce.Options{}), logonce.New(logonce.Options{Again: fullAgain})}
}

// errorLog returns the log of an [http.Server].
func (f *faults) errorLog() *log.Logger { return log.New(f, "", 0) }

// Write implements [io.Writer], for a line of net/http.
func (f *faults) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	ctx := context.Background()
	f.log.DebugContext(ctx, "a fault of a connection", "fault", text)
	switch {
	case strings.HasSuffix(text, "client sent an HTTP request to an HTTPS server"):
		f.warn(ctx, "a client connects without TLS to a server with TLS", "use https:// and wss:// in the addresses of clients", text)
	case strings.Contains(text, "remote error: tls: ") && strings.Contains(text, "certificate"):
		f.warn(ctx, "a client does not accept the certificate of this server",
			"give tls.cert the whole chain, and a certificate for the name that clients use", text)
	}
	return len(line), nil
}

func (f *faults) warn(ctx context.Context, what, fix, text string) {
	if turn := f.tls.Next(what); turn.Write {
		f.log.WarnContext(ctx, "a connection was refused", "reason", "tls", "detail", what, "fault", text, "fix", fix, "more", turn.Left)
	}
}

// refused logs that an HTTP connection found no place.
func (f *faults) refused(nc net.Conn) {
	if turn := f.full.Next(""); turn.Write {
		f.log.Warn("a connection was refused", "reason", "full", "detail", "the server has all the HTTP connections that it may have",
			"fix", "raise limits.http_connections, and the descriptors of the process", "address", nc.RemoteAddr().String(), "more", turn.Left)
	}
}
