package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/tidings-io/tidings/internal/wamp"
)

// checks holds the checks of texts, by the tag check.
var checks = map[string]func(text string) *invalid{
	"address": checkAddress,
	"stream":  checkStream,
	"uri":     checkURI,
	"webhook": checkWebhook,
	"name":    checkName,
}

func checkAddress(text string) *invalid {
	fix := "write host:port, for example 127.0.0.1:8080, or :8080 for all addresses"
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return wrong(fmt.Sprintf("must be an address with a port, but it is %q", clip(text)), fix)
	}
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || port != strconv.FormatUint(number, 10) {
		return wrong(fmt.Sprintf("has the port %q, which is not a number from 0 to 65535", clip(port)), fix)
	}
	return nil
}

// checkStream checks the address of a listener for RawSocket.
func checkStream(text string) *invalid {
	scheme, rest, _ := strings.Cut(text, "://")
	switch {
	case scheme == "tcp", scheme == "tls":
		return checkAddress(rest)
	case scheme == "unix" && rest != "":
		return nil
	}
	return wrong(fmt.Sprintf("must be an address of a listener, but it is %q", clip(text)),
		"write tcp://127.0.0.1:8081, tls://:8081 or unix:///run/tidings/wamp.sock")
}

// uriForm matches exact URIs by the loose rule of WAMP.
var uriForm = regexp.MustCompile(`^([^\s.#]+\.)*[^\s.#]+$`)

func checkURI(text string) *invalid {
	if !uriForm.MatchString(text) {
		return wrong(fmt.Sprintf("must be a WAMP URI, but it is %q", clip(text)), "write words with dots between them, for example com.example.orders")
	}
	if first, _, _ := strings.Cut(text, "."); wamp.IsReserved(first) {
		return wrong(fmt.Sprintf("begins with %s, which is reserved", first), "choose another first word")
	}
	return nil
}

func checkWebhook(text string) *invalid {
	fix := "write for example https://erp.example.com/tidings/ask"
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Opaque != "" {
		return wrong("must be an http or https URL", fix)
	}
	if u.User != nil {
		bad := wrong("must not hold a password", "sign the requests with secret, which stands next to it")
		bad.secret = true
		return bad
	}
	if u.Fragment != "" {
		return wrong("must not have a fragment", "remove # and what follows")
	}
	return nil
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}$`)

// CheckKeyName returns an error if an API key cannot have the name.
func CheckKeyName(name string) error {
	if bad := checkName(name); bad != nil {
		return errors.New(bad.message + "; " + bad.fix)
	}
	return nil
}

func checkName(text string) *invalid {
	if !nameForm.MatchString(text) {
		return wrong(fmt.Sprintf("cannot be %q", clip(text)), "use up to 64 letters, digits, and . _ - @")
	}
	return nil
}
