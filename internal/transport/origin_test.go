package transport_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/transport"
)

func TestOrigins(t *testing.T) {
	t.Parallel()
	const host = "erp.example.com:8080"
	cases := []struct {
		pattern string // "": none
		origin  string // "": no header
		status  int
	}{
		{"", "", 101},
		{"", "http://erp.example.com:8080", 101}, // the same host
		{"", "https://ERP.example.com:8080", 101},
		{"", "http://erp.example.com", 403}, // another port
		{"", "http://erp.example.com:8081", 403},
		{"", "http://evil.example", 403},
		{"", "http://erp.example.com:8080.evil.example", 403},
		{"", "http://erp.example.com:8080@evil.example", 403},
		{"", "null", 403},
		{"", "garbage", 403},
		{"", "http://", 403},
		{"", "127.0.0.1", 101},       // OroPlatform's backend
		{"", "erp.example.com", 101}, // the same, by name
		{"", "evil.example", 403},

		{"https://app.example.com", "https://app.example.com", 101},
		{"https://app.example.com", "https://app.example.com:443", 101},
		{"https://APP.example.com:443", "https://app.example.com", 101},
		{"https://app.example.com", "http://app.example.com", 403},
		{"https://app.example.com", "https://app.example.com:8443", 403},
		{"https://app.example.com", "https://app.example.com.evil.example", 403},
		{"https://app.example.com", "https://evil-app.example.com", 403},
		{"https://app.example.com", "https://app.example.com/path", 403},
		{"https://app.example.com:8443", "https://app.example.com:8443", 101},
		{"https://app.example.com:8443", "https://app.example.com", 403},

		{"https://*.example.com", "https://a.example.com", 101},
		{"https://*.example.com", "https://a.b.example.com", 101},
		{"https://*.example.com", "https://example.com", 403},
		{"https://*.example.com", "https://aexample.com", 403},
		{"https://*.example.com", "https://example.com.evil.example", 403},
		{"https://*.example.com:*", "https://a.example.com:4711", 101},
		{"http://localhost:*", "http://localhost:5173", 101},
		{"http://localhost:*", "https://localhost:5173", 403},
		{"http://[::1]:3000", "http://[::1]:3000", 101},
		{"null", "null", 101},
		{"null", "https://a.example.com", 403},
		{"*", "https://anything.example", 101},
		{"*", "null", 101},
	}
	servers := make(map[string]*served)
	for _, c := range cases {
		s := servers[c.pattern]
		if s == nil {
			options := transport.Options{}
			if c.pattern != "" {
				options.Origins = []string{"https://unrelated.example", c.pattern}
			}
			s = serve(t, options)
			servers[c.pattern] = s
		}
		headers := []string{"Host: " + host}
		if c.origin != "" {
			headers = append(headers, "Origin: "+c.origin)
		}
		if response, _ := s.refused(t, upgradeRequest("/ws", headers...)); response.StatusCode != c.status {
			t.Errorf("pattern %q, origin %q: %d, want %d", c.pattern, c.origin, response.StatusCode, c.status)
		}
	}
	twice := upgradeRequest("/ws", "Origin: https://a.example", "Origin: https://b.example")
	if response, _ := servers["*"].refused(t, twice); response.StatusCode != 403 {
		t.Errorf("two origins: %d", response.StatusCode)
	}
}

// TestTheSchemeOfAPageBehindProxies has proxies that do TLS in front of a server without it.
func TestTheSchemeOfAPageBehindProxies(t *testing.T) {
	t.Parallel()
	trusting := serve(t, transport.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	wary := serve(t, transport.Options{})
	for _, c := range []struct {
		name    string
		s       *served
		origin  string
		headers []string
		status  int
	}{
		{"TLS, page with TLS", trusting, "https://a.example", []string{"X-Forwarded-Proto: https"}, 101},
		{"TLS, page without", trusting, "http://a.example", []string{"X-Forwarded-Proto: https"}, 403},
		{"TLS, page without, port of TLS", trusting, "http://a.example:443", []string{"X-Forwarded-Proto: https"}, 403},
		{"TLS, page with, another port", trusting, "https://a.example:8443", []string{"X-Forwarded-Proto: https"}, 403},
		{"wss counts as TLS", trusting, "http://a.example", []string{"X-Forwarded-Proto: wss"}, 403},
		{"Forwarded", trusting, "http://a.example", []string{"Forwarded: for=203.0.113.9;proto=https"}, 403},
		{"the host that the proxy names", trusting, "https://b.example", []string{"X-Forwarded-Proto: https", "X-Forwarded-Host: b.example"}, 101},
		{"the same, page without TLS", trusting, "http://b.example", []string{"X-Forwarded-Proto: https", "X-Forwarded-Host: b.example"}, 403},
		{"without TLS", trusting, "http://a.example", []string{"X-Forwarded-Proto: http"}, 101},
		{"a proxy that says nothing may do TLS", trusting, "https://a.example", []string{"X-Forwarded-For: 203.0.113.9"}, 101},
		{"a stranger's word counts nothing", wary, "http://a.example", []string{"X-Forwarded-Proto: https"}, 101},
		{"a stranger's host counts nothing", wary, "https://b.example", []string{"X-Forwarded-Host: b.example"}, 403},
	} {
		request := upgradeRequest("/ws", append(c.headers, "Host: a.example", "Origin: "+c.origin)...)
		if response, _ := c.s.refused(t, request); response.StatusCode != c.status {
			t.Errorf("%s: %d, want %d", c.name, response.StatusCode, c.status)
		}
	}
}

func TestAnOriginWithoutASchemeIsToldTheLikelyOne(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		"erp.example.com":       "write https://erp.example.com",
		"localhost:3000":        "write http://localhost:3000",
		"shop.localhost:3000":   "write http://shop.localhost:3000",
		"127.0.0.1:3000":        "write http://127.0.0.1:3000",
		"[::1]:3000":            "write http://[::1]:3000",
		"localhost.example.com": "write https://localhost.example.com",
	} {
		if _, err := transport.ParseOrigin(pattern); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%q: %v", pattern, err)
		}
	}
}

func TestPatternsOfOriginsThatMeanNothingAreErrors(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{
		"", "example.com", "://x", "https://", "https://example.com/", "https://example.com/path", "https://*",
		"https://a.*.example.com", "https://*example.com", "https://user@example.com", "https://exa mple.com", "https://:80",
	} {
		if _, err := transport.ParseOrigin(pattern); err == nil {
			t.Errorf("%q was taken", pattern)
		}
	}
}

func TestAHostIsAllowedAtEverySchemeAndPort(t *testing.T) {
	t.Parallel()
	s := serve(t, transport.Options{AllowsHost: func(host string) bool { return host == "erp.example" }})
	for origin, status := range map[string]int{
		"https://erp.example": 101, "http://ERP.example:8000": 101, "https://erp.example:8443": 101,
		"https://x.erp.example": 403, "https://erp.example.evil": 403, "ftp://erp.example": 403, "https://erp.example/x": 403,
		"https://ann@erp.example": 403, "erp.example": 403, "null": 403,
	} {
		response, _ := s.refused(t, upgradeRequest("/ws", "Origin: "+origin))
		if response.StatusCode != status {
			t.Errorf("%s: %d, want %d", origin, response.StatusCode, status)
		}
	}
}
