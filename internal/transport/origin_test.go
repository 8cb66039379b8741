package transport_test

import (
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
