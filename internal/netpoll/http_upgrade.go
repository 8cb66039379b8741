package netpoll

import (
	"fmt"
	"net/http"
)

// Upgrades say which requests [ListenUpgrades] takes, and what serves them.
type Upgrades struct {
	Path    string
	Accepts func(*http.Request) bool // reports whether net/http would pass the request to Handler, too
	Handler http.Handler             // takes the connection over with Loop.Hijack, or writes a refusal
}

// takeoverWriter is an [http.ResponseWriter] whose connection net/http does not know.
type takeoverWriter interface {
	takeOver(l *Loop, h EventHandler) (s Socket, early []byte, err error)
}

// Hijack makes a socket of the connection of an HTTP request. It also returns the bytes that the client has sent behind
// the request.
func (l *Loop) Hijack(w http.ResponseWriter, h EventHandler) (s Socket, early []byte, err error) {
	if own, ok := w.(takeoverWriter); ok {
		return own.takeOver(l, h)
	}
	nc, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, nil, fmt.Errorf("take the connection over: %w", err)
	}
	early, _ = buffered.Peek(buffered.Reader.Buffered()) // cannot fail: these bytes are in the buffer
	return l.Attach(nc, h), early, nil
}
