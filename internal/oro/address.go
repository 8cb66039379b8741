package oro

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/tidings-io/tidings/internal/config"
)

// defaultPort is Oro's port where a DSN has none.
const defaultPort = "8080"

// readAddresses reads where Oro's own server would listen, and where backends look for it.
func (r *settingsReader) readAddresses() {
	if server, ok := r.address(serverVariable, "websocket_bind_address", "websocket_bind_port"); ok {
		r.listenAt(server)
	}
	r.settings.backend, _ = r.address(backendVariable, "websocket_backend_host", "websocket_backend_port")
}

// address returns the DSN in a variable, or the one that two parameters are the parts of.
func (r *settingsReader) address(variable, host, port string) (value, bool) {
	if v, ok := r.variable(variable); ok {
		return v, true
	}
	number, ok := r.parameter(port)
	name, named := r.parameter(host)
	if !ok && !named {
		return value{}, false
	}
	if !ok {
		number = value{defaultPort, name.pos}
	}
	if strings.Contains(name.text, ":") && !strings.HasPrefix(name.text, "[") {
		name.text = "[" + name.text + "]"
	}
	return value{"//" + name.text + ":" + number.text, number.pos}, true
}

// listenAt takes the address of Oro's server.
func (r *settingsReader) listenAt(server value) {
	dsn := parseDSN(server.text)
	if dsn.port == "" {
		r.problem(server.pos, "the address of Oro's server has a port that is no number from 1 to 65535",
			"write it as for the application, for example //0.0.0.0:8080, or remove it and write listen")
		return
	}
	r.settings.Listen, r.settings.ListenFrom = net.JoinHostPort(dsn.host, dsn.port), server.pos.String()
	if dsn.tls() {
		r.warn(server.pos, "the address has the scheme "+dsn.scheme+", and the certificate of Oro's server is not read",
			"write tls.cert and tls.key, or have a proxy in front speak TLS")
	}
}

// Hints returns what looks wrong about the address that backends have, if the server listens on the given one. Pages
// mostly come through a proxy, so their port says nothing.
func (s *Settings) Hints(listen string) []config.Problem {
	_, own, err := net.SplitHostPort(listen)
	if err != nil || own == "0" || s.backend.text == "" {
		return nil
	}
	dsn := parseDSN(s.backend.text)
	if dsn.port == own {
		return nil
	}
	return []config.Problem{{
		Pos:     s.backend.pos,
		Message: fmt.Sprintf("backends connect to port %s, and the server listens on port %s", orDefault(dsn.port, "none"), own),
		Fix:     "correct " + backendVariable + ": backends have to connect without a proxy, which may part what they read at once",
	}}
}

// dsn is an address in Oro's environment. Its path does not matter: the server takes connections at each path.
type dsn struct {
	scheme string // of PHP's streams: tcp, ssl, tls, tlsv1.2 and the like
	host   string // "" is all addresses
	port   string // "" if it is none
}

// parseDSN parses [scheme:]//host[:port][/path][?options], or host:port.
func parseDSN(text string) dsn {
	text = strings.TrimSpace(text)
	d := dsn{scheme: "tcp", port: defaultPort}
	if scheme, rest, ok := strings.Cut(text, "//"); ok {
		text = rest
		if scheme = strings.TrimSuffix(scheme, ":"); scheme != "" {
			d.scheme = strings.ToLower(scheme)
		}
	}
	if end := strings.IndexAny(text, "/?#"); end >= 0 {
		text = text[:end]
	}
	host, port := splitHost(text)
	if d.host = host; host == "*" {
		d.host = ""
	}
	if port != "" {
		d.port = port
	}
	if number, err := strconv.ParseUint(d.port, 10, 16); err != nil || number == 0 {
		d.port = ""
	}
	return d
}

// tls reports whether the scheme is one of TLS.
func (d dsn) tls() bool {
	return strings.HasPrefix(d.scheme, "ssl") || strings.HasPrefix(d.scheme, "tls")
}
