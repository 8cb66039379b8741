package client

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// webSocketPath is the path of WebSockets of a Tidings server.
const webSocketPath = "/ws"

// wantURL ends the errors about addresses.
const wantURL = "write it as http://host:8080 or https://host (RawSocket: rs://host:port, rss://host:port, rs+unix:///path)"

// serverURL returns the URL to dial for the address of a server. An address without a scheme, such as
// "127.0.0.1:8080", is one of HTTP; with port 443 it is one of HTTPS.
func serverURL(address string) (string, error) {
	if address == "" {
		return "", fmt.Errorf("Config.URL is empty: %s", wantURL)
	}
	u, err := url.Parse(withScheme(address))
	if err != nil {
		if parsing, ok := err.(*url.Error); ok { //nolint:errorlint // url.Parse returns exactly this type
			err = parsing.Err
		}
		return "", fmt.Errorf("server URL %q: %w: %s", address, err, wantURL)
	}
	u.Scheme = strings.ToLower(u.Scheme)
	if err := checkURL(u); err != nil {
		return "", fmt.Errorf("server URL %q %w", address, err)
	}
	switch u.Scheme {
	case "rs", "rss":
		return u.Scheme + "://" + u.Host, nil
	case "rs+unix":
		return u.String(), nil
	case "http":
		u.Scheme = "ws"
	case "https":
		u.Scheme = "wss"
	}
	if u.Path == "" || u.Path == "/" {
		u.Path, u.RawPath = webSocketPath, ""
	}
	u.Fragment, u.RawFragment = "", ""
	return u.String(), nil
}

// withScheme adds the scheme that is missing.
func withScheme(address string) string {
	if strings.Contains(address, "://") || isRooted(address) {
		return address
	}
	rest := strings.TrimPrefix(address, "//")
	host, _, _ := strings.Cut(rest, "/")
	if strings.HasPrefix(host, ":") { // as a server's listen has it
		rest = "localhost" + rest
	}
	if _, port, err := net.SplitHostPort(host); err == nil && port == "443" {
		return "wss://" + rest
	}
	return "ws://" + rest
}

// isRooted reports whether an address has a scheme, and only one slash or none behind it: "http:/host", "ws:host".
func isRooted(address string) bool {
	scheme, _, found := strings.Cut(address, ":")
	switch strings.ToLower(scheme) {
	case "http", "https", "ws", "wss", "rs", "rss", "rs+unix", "unix":
		return found
	}
	return false
}

// checkURL returns what is wrong with an address, as the rest of a sentence.
func checkURL(u *url.URL) error {
	_, secret := u.User.Password()
	switch u.Scheme {
	case "http", "https", "ws", "wss", "rs", "rss", "rs+unix":
	default:
		return fmt.Errorf("begins with %q: %s", u.Scheme+":", wantURL)
	}
	switch {
	case u.Scheme == "rs+unix" && u.Host != "":
		return fmt.Errorf("has %q where its path begins: write three slashes, as in rs+unix:///run/tidings.sock", u.Host)
	case u.Scheme == "rs+unix" && u.Path == "":
		return fmt.Errorf("names no path: write rs+unix:///run/tidings.sock")
	case u.Scheme == "rs+unix":
		return nil
	case u.Hostname() == "":
		return fmt.Errorf("names no host: %s", wantURL)
	case secret || u.User != nil:
		return fmt.Errorf("has a user or password, which is not used: set Config.Auth, for example to client.Key(key)")
	case strings.HasPrefix(u.Scheme, "rs") && u.Port() == "":
		return fmt.Errorf("names no port: write the port of rawsocket.listen in the server's configuration")
	case strings.HasPrefix(u.Scheme, "rs") && strings.Trim(u.Path, "/") != "":
		return fmt.Errorf("has the path %q, but a RawSocket has none: leave it out, or write http:// for a WebSocket", u.Path)
	}
	return nil
}
