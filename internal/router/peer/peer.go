package peer

import (
	"crypto/tls"
	"net/netip"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Peer describes the remote end, as the transport sees it.
type Peer struct {
	RemoteAddr string
	Origin     string
	UserAgent  string
	TLS        bool
	Identity   *Identity // proved during the handshake already; nil if not
	Cookie     string    // what a browser is known by from one connection to the next; "" if by nothing
	// TLSState is there if TLS ends here, and until the session is opened: it holds what a login can be bound to, and
	// the client's certificate.
	TLSState     *tls.ConnectionState
	NoCloseCodes bool // the transport has none: only GOODBYE and ABORT tell the client why its session ends
	// Connection numbers the connections of a server. Clients of one number share a connection.
	Connection uint64
	// Admit, if it is set, refuses the identity of a login before WELCOME: it is not that of the connection.
	Admit func(*Identity) error
}

// Address returns RemoteAddr without its port, which does not identify the client.
func (p *Peer) Address() string {
	if parsed, err := netip.ParseAddrPort(p.RemoteAddr); err == nil {
		return parsed.Addr().Unmap().String()
	}
	return p.RemoteAddr
}

// ProvedIdentity returns the identity that the transport proved, else anonymous. It is used when no Authenticator is
// configured.
func (p *Peer) ProvedIdentity() *Identity {
	if p.Identity != nil {
		return p.Identity
	}
	return &Identity{ID: "anonymous", Roles: []string{"anonymous"}, Method: "anonymous", Provider: "static"}
}

// MaxTabBytes bounds HELLO.Details._tab, the identity of a page.
const MaxTabBytes = 64

// ParseTab reads _tab, the key that Tidings adds to HELLO: the identity of a page, which outlives its sessions. It is
// "" if the page did not send one.
func ParseTab(hello wamp.Dict) (string, error) {
	value, given := hello["_tab"]
	if !given {
		return "", nil
	}
	tab, ok := value.(string)
	if !ok || tab == "" || len(tab) > MaxTabBytes {
		return "", wamp.Violation("HELLO.Details._tab must be a string of 1 to %d characters", MaxTabBytes)
	}
	for _, b := range []byte(tab) {
		switch {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', b == '_', b == '-':
		default:
			return "", wamp.Violation("HELLO.Details._tab may hold letters, digits, '-' and '_' only")
		}
	}
	return tab, nil
}
