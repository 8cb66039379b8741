package oro

import (
	"net/url"
	"strings"
	"sync/atomic"
)

// hosts decides which pages may connect: those of the machine itself, and of the application at every scheme and port,
// as Oro does. Safe for concurrent use.
type hosts struct{ application atomic.Pointer[string] }

// set takes the address of the application.
func (h *hosts) set(address string) {
	host := ""
	if parsed, err := url.Parse(address); err == nil {
		host = strings.ToLower(parsed.Hostname())
	}
	h.application.Store(&host)
}

func (h *hosts) allows(host string) bool {
	if host == "localhost" || host == "127.0.0.1" {
		return true
	}
	application := h.application.Load()
	return host != "" && application != nil && *application == host
}
