package transport

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// Origin is a pattern of origins (RFC 6454) whose pages may connect.
type Origin struct {
	any       bool
	scheme    string
	host      string
	port      string
	subdomain bool // host is a suffix that begins with a dot
	anyPort   bool
}

// ParseOrigin reads a pattern:
//
//	https://erp.example.com       this one; the port is the scheme's own
//	https://erp.example.com:8443  with a port of its own
//	http://localhost:*            with any port
//	https://*.example.com         any name below example.com, at any depth, but not example.com itself
//	null                          sandboxed pages and files
//	*                             every page of the web: safe only if tickets protect everything
func ParseOrigin(pattern string) (Origin, error) {
	switch pattern {
	case "*":
		return Origin{any: true}, nil
	case "null":
		return Origin{host: "null"}, nil
	}
	scheme, rest, ok := strings.Cut(strings.ToLower(pattern), "://")
	if !ok || scheme == "" {
		return Origin{}, fmt.Errorf("origin %q has no scheme: write %s://%s", pattern, likelyScheme(pattern), pattern)
	}
	if strings.ContainsAny(rest, "/?#@ ") {
		return Origin{}, fmt.Errorf("origin %q must end after host and port: an origin has no path", pattern)
	}
	o := Origin{scheme: scheme, host: rest}
	if before, found := strings.CutSuffix(rest, ":*"); found {
		o.host, o.anyPort = before, true
	}
	if after, found := strings.CutPrefix(o.host, "*."); found {
		o.host, o.subdomain = after, true
	}
	parsed, err := url.Parse(scheme + "://" + o.host)
	if err != nil || parsed.Hostname() == "" || strings.Contains(o.host, "*") {
		return Origin{}, fmt.Errorf("origin %q has no proper host: a * may stand for the leftmost names or the port", pattern)
	}
	o.host, o.port = parsed.Hostname(), portOf(parsed)
	if o.subdomain {
		o.host = "." + o.host
	}
	return o, nil
}

// likelyScheme returns the scheme of an origin that is written without one. Pages of the machine itself are seldom
// served over TLS.
func likelyScheme(host string) string {
	name, _, _ := strings.Cut(host, ":")
	if name == "localhost" || strings.HasSuffix(name, ".localhost") || net.ParseIP(name).IsLoopback() || strings.HasPrefix(host, "[::1]") {
		return "http"
	}
	return "https"
}

func (o Origin) matches(origin *url.URL) bool {
	if o.any {
		return true
	}
	host := strings.ToLower(origin.Hostname())
	switch {
	case o.scheme != strings.ToLower(origin.Scheme):
		return false
	case !o.anyPort && o.port != portOf(origin):
		return false
	case o.subdomain:
		return strings.HasSuffix(host, o.host) && host != o.host
	}
	return host == o.host
}

// portOf returns the port of a URL, or the default port of its scheme.
func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	switch strings.ToLower(u.Scheme) {
	case "https", "wss":
		return "443"
	case "http", "ws":
		return "80"
	}
	return ""
}

// originRules decide whose pages may connect.
type originRules []Origin

func parseOrigins(patterns []string) (originRules, error) {
	rules := make(originRules, 0, len(patterns))
	for _, pattern := range patterns {
		parsed, err := ParseOrigin(pattern)
		if err != nil {
			return nil, err
		}
		rules = append(rules, parsed)
	}
	return rules, nil
}

// allow decides by the Origin header and the URL that the client used. The rule protects users from foreign pages that
// use their browser, and nothing else: a program can send any Origin, or none.
func (rules originRules) allow(origins []string, to remote) bool {
	if len(origins) == 0 {
		return true
	}
	if len(origins) > 1 {
		return false
	}
	if origins[0] == "null" {
		return rules.allowsNull()
	}
	if !strings.Contains(origins[0], "://") {
		return bareOrigin(origins[0], to.host)
	}
	origin, err := url.Parse(origins[0])
	if err != nil || origin.Host == "" || origin.Path != "" || origin.RawQuery != "" || origin.User != nil {
		return false
	}
	if sameOrigin(origin, to) {
		return true
	}
	for _, o := range rules {
		if o.matches(origin) {
			return true
		}
	}
	return false
}

// checkOrigin refuses the handshake of a page that may not connect.
func (s *settings) checkOrigin(r *http.Request, to remote) *refusal {
	origins := r.Header.Values("Origin")
	if s.origins.allow(origins, to) || s.allowsHost(origins) {
		return nil
	}
	origin := cut(strings.Join(origins, ", "))
	wrong := refuse(http.StatusForbidden, RefusedOrigin, fmt.Sprintf(
		"pages of %q may not connect: add their origin to the server's list of origins (origins in tidings.yaml)", origin))
	wrong.notice = notice{key: origin, about: []any{"origin", origin, "host", cut(to.host)}, fix: s.originFix(origins)}
	return wrong
}

// allowsHost decides about an origin by its host alone.
func (s *settings) allowsHost(origins []string) bool {
	if s.AllowsHost == nil || len(origins) != 1 {
		return false
	}
	origin, err := url.Parse(origins[0])
	return err == nil && (origin.Scheme == "http" || origin.Scheme == "https") && origin.Path == "" && origin.User == nil &&
		s.AllowsHost(strings.ToLower(origin.Hostname()))
}

// maxListedOrigins bounds the origins in a line of the log.
const maxListedOrigins = 8

// originFix returns what an operator has to do so that pages of an origin may connect.
func (s *settings) originFix(origins []string) string {
	origin := origins[0]
	if origin == "null" {
		return `a page without an origin comes from a file or from a sandboxed frame: serve it over HTTP; or, if every such page of the web may connect, add "null" to origins in tidings.yaml`
	}
	if _, err := ParseOrigin(origin); err != nil || len(origins) > 1 || len(origin) > maxQuoted || strings.Contains(origin, "*") {
		return "the header Origin names no origin: no browser sends that, and nothing in the configuration allows it"
	}
	if len(s.Origins) > maxListedOrigins {
		return fmt.Sprintf("if the page is yours, add %q to origins in tidings.yaml", origin)
	}
	line := ""
	for _, known := range s.Origins {
		line += fmt.Sprintf("%q, ", known)
	}
	return fmt.Sprintf("if the page is yours, write in tidings.yaml: origins: [%s%q]; "+
		"if it comes from this server through a proxy, have the proxy pass the header Host on", line, origin)
}

func (rules originRules) allowsNull() bool {
	for _, o := range rules {
		if o.any || o.scheme == "" && o.host == "null" {
			return true
		}
	}
	return false
}

// sameOrigin reports whether a page comes from the origin that it connects to. Over TLS the page must have come over
// TLS, too: anyone on the way can change a page of http. Without TLS the scheme proves nothing, because a proxy may do
// TLS and not say so.
func sameOrigin(origin *url.URL, to remote) bool {
	scheme := strings.ToLower(origin.Scheme)
	if scheme != "https" && (scheme != "http" || to.tls) {
		return false
	}
	meant, ok := parseHost(scheme, to.host)
	return ok && strings.EqualFold(meant.Hostname(), origin.Hostname()) && portOf(meant) == portOf(origin)
}

// parseHost returns the URL of a host with or without a port, and false for anything else.
func parseHost(scheme, host string) (*url.URL, bool) {
	u, err := url.Parse(scheme + "://" + host)
	return u, err == nil && u.Hostname() != "" && u.Host == host && u.User == nil
}

// bareOrigin decides about an Origin without a scheme. No browser sends one. OroPlatform's backend sends "127.0.0.1",
// or the name that it connects to.
func bareOrigin(origin, host string) bool {
	if ip := net.ParseIP(origin); ip != nil && ip.IsLoopback() || origin == "localhost" {
		return true
	}
	meant, ok := parseHost("http", host)
	return ok && strings.EqualFold(origin, meant.Hostname())
}
