package transport

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
)

// Refusal is the reason for which a handshake was refused. Each has a counter in [Stats] and is the member "reason"
// of the problem document.
type Refusal string

// Why handshakes are refused.
const (
	RefusedMethod      Refusal = "method"          // not GET
	RefusedUpgrade     Refusal = "not_a_websocket" // a plain request, or over HTTP/2
	RefusedVersion     Refusal = "version"         // not RFC 6455
	RefusedKey         Refusal = "key"             // Sec-WebSocket-Key is not 16 bytes
	RefusedBody        Refusal = "body"            // a body where frames must begin
	RefusedExtension   Refusal = "extensions"      // Sec-WebSocket-Extensions is not well-formed
	RefusedOrigin      Refusal = "origin"          // a page of another site
	RefusedSubprotocol Refusal = "subprotocol"     // none that the server speaks
	RefusedTicket      Refusal = "ticket"          // invalid
	RefusedUnchecked   Refusal = "unchecked"       // the ticket could not be checked now, or too many were wrong
	RefusedOpening     Refusal = "opening"         // the application refused the conversation
	RefusedFull        Refusal = "full"            // too many connections
	RefusedDraining    Refusal = "draining"        // the server ends
	RefusedPath        Refusal = "path"            // an upgrade where there is no WebSocket
	RefusedRawSocket   Refusal = "rawsocket"       // the four bytes that open a RawSocket are wrong, or late
	RefusedLongPoll    Refusal = "longpoll"        // a request of long-poll that is malformed, or for no transport
	RefusedInternal    Refusal = "internal"        // a fault of the server; the log has it
)

var refusals = []Refusal{
	RefusedMethod, RefusedUpgrade, RefusedVersion, RefusedKey, RefusedBody, RefusedExtension, RefusedOrigin,
	RefusedSubprotocol, RefusedTicket, RefusedUnchecked, RefusedOpening, RefusedFull, RefusedDraining, RefusedPath,
	RefusedRawSocket, RefusedLongPoll, RefusedInternal,
}

// problemTypes begins the type of each problem document: a section of the documentation for each [Refusal].
const problemTypes = "https://github.com/tidings-io/tidings/blob/main/docs/troubleshooting.md#"

// refusal is a response other than 101: a problem document (RFC 9457).
type refusal struct {
	Type      string   `json:"type"`
	Title     string   `json:"title"`
	Status    int      `json:"status"`
	Detail    string   `json:"detail"`
	Reason    Refusal  `json:"reason"`
	Protocols []string `json:"protocols,omitempty"` // that the server speaks, if the client offers none of them

	header map[string]string
	notice notice
}

func refuse(status int, reason Refusal, detail string) *refusal {
	detail = strings.ToValidUTF8(detail, "\uFFFD") // it may quote a header
	return &refusal{
		Type: problemTypes + strings.ReplaceAll(string(reason), "_", "-"), Title: http.StatusText(status), Status: status,
		Detail: detail, Reason: reason,
	}
}

func (r *refusal) with(name, value string) *refusal {
	if r.header == nil {
		r.header = make(map[string]string)
	}
	r.header[name] = value
	return r
}

func (r *refusal) write(w http.ResponseWriter) error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	header := w.Header()
	for name, value := range r.header {
		header.Set(name, value)
	}
	header.Set("Content-Type", "application/problem+json")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(r.Status)
	_, err = w.Write(body)
	return err
}
