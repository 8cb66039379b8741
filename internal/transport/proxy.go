package transport

import (
	"iter"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// remote is the remote end of a request, as far as the proxies can be believed.
type remote struct {
	addr netip.Addr // invalid if the connection is not over IP
	tls  bool
	host string // of the URL that the client used
}

// hop is the statement of one proxy about the request that it got.
type hop struct {
	addr  netip.Addr // invalid: obfuscated, unknown or broken
	proto string
	host  string
}

// RemoteAddr returns the address of the client of a request, seen through the trusted proxies.
func (s *Server) RemoteAddr(r *http.Request) netip.Addr { return s.current.Load().remoteOf(r).addr }

// remoteOf walks the chain of proxies from the right, where the server's own proxy stands. It stops at the first hop
// that is not trusted, which can have made up everything left of it.
//
// A proxy adds to one of Forwarded and X-Forwarded-For and passes the other on as the client sent it.
// If both are there and lead to different clients, the server believes neither.
func (s *settings) remoteOf(r *http.Request) remote {
	self := remote{addr: peerAddr(r.RemoteAddr), tls: r.TLS != nil, host: r.Host}
	if !s.trusts(self.addr) {
		return self
	}
	legacy, modern := xForwarded(r.Header), forwarded(r.Header)
	switch {
	case len(modern) == 0:
		return s.walk(self, legacy)
	case len(legacy) == 0 || !legacy[len(legacy)-1].addr.IsValid():
		return s.walk(self, modern)
	}
	a, b := s.walk(self, legacy), s.walk(self, modern)
	if a.addr != b.addr {
		return self
	}
	return a
}

func (s *settings) walk(self remote, hops []hop) remote {
	result := self
	for i := len(hops) - 1; i >= 0 && s.trusts(result.addr); i-- {
		h := hops[i]
		if h.proto != "" {
			result.tls = strings.EqualFold(h.proto, "https") || strings.EqualFold(h.proto, "wss")
		}
		if h.host != "" {
			result.host = h.host
		}
		if !h.addr.IsValid() {
			break
		}
		result.addr = h.addr
	}
	return result
}

// noteUntrusted logs once that a proxy of this machine or network is not believed.
func (s *Server) noteUntrusted(r *http.Request, by *settings) {
	if r.Header["X-Forwarded-For"] == nil && r.Header["Forwarded"] == nil {
		return
	}
	addr := peerAddr(r.RemoteAddr)
	if by.trusts(addr) || !addr.IsLoopback() && !addr.IsPrivate() {
		return
	}
	if turn := s.notices.rest.Next("proxy " + addr.String()); turn.Write && !turn.Full {
		s.log.WarnContext(r.Context(), "a proxy that is not trusted passes clients on: all of them count as its address, and share the limits of one",
			"address", addr.String(), "fix", "if the proxy is yours, write in tidings.yaml: trusted_proxies: ["+addr.String()+"]")
	}
}

func (s *settings) trusts(addr netip.Addr) bool {
	for _, prefix := range s.TrustedProxies {
		if addr.IsValid() && prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// xForwarded parses X-Forwarded-For, -Proto and -Host. Most proxies set the latter two to one value
// for the whole chain; where they are lists as long as the addresses, they belong together.
func xForwarded(header http.Header) []hop {
	addrs := listOf(header, "X-Forwarded-For")
	protos, hosts := listOf(header, "X-Forwarded-Proto"), listOf(header, "X-Forwarded-Host")
	if len(addrs) == 0 && len(protos)+len(hosts) > 0 {
		addrs = []string{""} // a proxy that reports scheme or host, but no address
	}
	hops := make([]hop, len(addrs))
	for i, addr := range addrs {
		hops[i] = hop{peerAddr(addr), along(protos, i, len(addrs)), along(hosts, i, len(addrs))}
	}
	return hops
}

// along returns the i-th of n values, or the last if there are not n.
func along(values []string, i, n int) string {
	switch len(values) {
	case 0:
		return ""
	case n:
		return values[i]
	}
	return values[len(values)-1]
}

// forwarded parses Forwarded (RFC 7239). A malformed element is a hop without an address.
func forwarded(header http.Header) []hop {
	elements := listOf(header, "Forwarded")
	hops := make([]hop, len(elements))
	for i, element := range elements {
		for pair := range splitQuoted(element, ';') {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			value = unquote(value)
			switch strings.ToLower(name) {
			case "for":
				hops[i].addr = peerAddr(value)
			case "proto":
				hops[i].proto = value
			case "host":
				hops[i].host = value
			}
		}
	}
	return hops
}

// maxListed bounds the elements that are kept of a header that is a list: a header of two bytes for each element would
// take many times its length. No request has as many subprotocols, or comes through as many proxies.
const maxListed = 64

// listOf returns the last elements of a header that is a list, up to maxListed. Proxies append theirs.
func listOf(header http.Header, name string) []string {
	var list []string
	for element := range elementsOf(header, name) {
		if len(list) == maxListed {
			list = slices.Delete(list, 0, 1)
		}
		list = append(list, element)
	}
	return list
}

// elementsOf yields the elements of a header that is a list, over all its lines.
func elementsOf(header http.Header, name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range header.Values(name) {
			for element := range splitQuoted(line, ',') {
				if element = strings.TrimSpace(element); element != "" && !yield(element) {
					return
				}
			}
		}
	}
}

// splitQuoted splits at a separator that is not within a quoted string.
func splitQuoted(s string, separator byte) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		start, quoted := 0, false
		for i := 0; i < len(s); i++ {
			switch {
			case quoted && s[i] == '\\':
				i++
			case s[i] == '"':
				quoted = !quoted
			case s[i] == separator && !quoted:
				if !yield(s[start:i]) {
					return
				}
				start = i + 1
			}
		}
		yield(s[start:])
	}
}

// unquote removes the quotes of a quoted string. It does not decode escapes, because addresses, schemes and hosts need
// none.
func unquote(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}

// peerAddr parses an address with or without a port, as in RemoteAddr, X-Forwarded-For and for=.
func peerAddr(s string) netip.Addr {
	if withPort, err := netip.ParseAddrPort(s); err == nil {
		return withPort.Addr().Unmap().WithZone("")
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}
