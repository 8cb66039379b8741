package frame

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gobwas/httphead"
)

// Extension is the result of the negotiation of permessage-deflate (RFC 7692).
type Extension struct {
	WindowBits uint8  // of our compression; 0: no compression either way
	Answer     string // Sec-WebSocket-Extensions of the 101; "": none
}

// NegotiateExtension accepts the first acceptable offer of the lines of Sec-WebSocket-Extensions. It returns false if
// they are not well-formed.
//
// Neither side keeps a context over messages. The server's would need a compressor for each client, where now all
// clients share one frame. The client's would cost the server 45 KB for each connection.
func NegotiateExtension(lines []string) (Extension, bool) {
	offered := strings.Join(lines, ",")
	if strings.Trim(offered, ", \t") == "" {
		return Extension{}, true
	}
	var agreed Extension
	offer, index := deflateOffer{}, -1
	consider := func() {
		if index >= 0 && agreed.WindowBits == 0 && offer.acceptable() {
			agreed = offer.accept()
		}
	}
	wellFormed := httphead.ScanOptions([]byte(offered), func(i int, name, param, value []byte) httphead.Control {
		if i != index {
			consider()
			offer, index = deflateOffer{name: string(name)}, i
		}
		if param != nil {
			offer.add(param, value)
		}
		return httphead.ControlContinue
	})
	consider()
	return agreed, wellFormed
}

// deflateOffer is one extension that a client offers, with its parameters.
//
//	server_no_context_takeover    the server does that anyhow
//	client_no_context_takeover    the server asks for that anyhow
//	server_max_window_bits=8..15  the largest window of the server
//	client_max_window_bits[=..]   the client's smaller window; the server reads the largest
type deflateOffer struct {
	name       string
	seen       []string // parameters, the last of which may be unknown
	windowBits uint8    // 0: not given
	invalid    bool
}

// add adds a parameter. An offer that is not acceptable needs no more of them: a long one must not cost much.
func (o *deflateOffer) add(name, value []byte) {
	if !o.acceptable() {
		return
	}
	param := string(name)
	o.invalid = slices.Contains(o.seen, param)
	o.seen = append(o.seen, param)
	bits, ok := windowBits(string(value))
	switch param {
	case "server_no_context_takeover", "client_no_context_takeover":
		o.invalid = o.invalid || value != nil
	case "client_max_window_bits":
		o.invalid = o.invalid || value != nil && !ok
	case "server_max_window_bits":
		o.invalid = o.invalid || !ok
		o.windowBits = bits
	default:
		o.invalid = true
	}
}

func (o *deflateOffer) acceptable() bool { return o.name == "permessage-deflate" && !o.invalid }

func (o *deflateOffer) accept() Extension {
	agreed := Extension{
		WindowBits: maxWindowBits,
		Answer:     "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
	}
	if o.windowBits != 0 {
		agreed.WindowBits = o.windowBits
		agreed.Answer += "; server_max_window_bits=" + strconv.Itoa(int(o.windowBits))
	}
	return agreed
}

// windowBits parses a number from 8 to 15 without leading zeros (RFC 7692, 7.1.2).
func windowBits(value string) (uint8, bool) {
	n, err := strconv.ParseUint(value, 10, 8)
	if err != nil || n < minWindowBits || n > maxWindowBits || strconv.FormatUint(n, 10) != value {
		return 0, false
	}
	return uint8(n), true
}
