package transport

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/gobwas/httphead"
)

// extension is what was agreed on about permessage-deflate (RFC 7692).
type extension struct {
	windowBits uint8  // of our compression; 0: no compression either way
	answer     string // Sec-WebSocket-Extensions of the 101; "": none
}

// agreeOnExtension takes the first acceptable offer. Neither side keeps a context over messages: ours
// would need a compressor for each client where one frame is now shared by all, the client's would
// cost 45 KB for each connection. The result is false if the header is not well-formed.
func agreeOnExtension(header http.Header) (extension, bool) {
	offered := strings.Join(header.Values("Sec-WebSocket-Extensions"), ",")
	if strings.Trim(offered, ", \t") == "" {
		return extension{}, true
	}
	var agreed extension
	offer, index := deflateOffer{}, -1
	consider := func() {
		if index >= 0 && agreed.windowBits == 0 && offer.acceptable() {
			agreed = offer.accept()
		}
	}
	wellFormed := httphead.ScanOptions([]byte(offered), func(i int, name, param, value []byte) httphead.Control {
		if i != index {
			consider()
			offer, index = deflateOffer{name: string(name)}, i
		}
		if param != nil {
			offer.add(string(param), value)
		}
		return httphead.ControlContinue
	})
	consider()
	return agreed, wellFormed
}

// deflateOffer is one extension that a client offers, with its parameters.
//
//	server_no_context_takeover    what we do anyhow
//	client_no_context_takeover    what we ask for anyhow
//	server_max_window_bits=8..15  the window that we must not exceed
//	client_max_window_bits[=..]   the client's smaller window: fine, ours takes the largest
type deflateOffer struct {
	name       string
	seen       []string
	windowBits uint8 // 0: not given
	invalid    bool
}

func (o *deflateOffer) add(param string, value []byte) {
	for _, earlier := range o.seen {
		o.invalid = o.invalid || earlier == param
	}
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

func (o *deflateOffer) accept() extension {
	agreed := extension{
		windowBits: maxWindowBits,
		answer:     "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
	}
	if o.windowBits != 0 {
		agreed.windowBits = o.windowBits
		agreed.answer += "; server_max_window_bits=" + strconv.Itoa(int(o.windowBits))
	}
	return agreed
}

// windowBits reads a number from 8 to 15 without leading zeros (RFC 7692, 7.1.2).
func windowBits(value string) (uint8, bool) {
	n, err := strconv.ParseUint(value, 10, 8)
	if err != nil || n < minWindowBits || n > maxWindowBits || strconv.FormatUint(n, 10) != value {
		return 0, false
	}
	return uint8(n), true
}
