package transport_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/alloctest"
	"github.com/tidings-io/tidings/internal/transport"
)

func TestTheAddressOfAClientBehindProxies(t *testing.T) {
	t.Parallel()
	type headers = map[string][]string
	cases := []struct {
		name    string
		from    string // RemoteAddr
		headers headers
		want    string
	}{
		{"no proxy", "203.0.113.9:5", nil, "203.0.113.9"},
		{
			"a stranger's word counts nothing", "203.0.113.9:5",
			headers{"X-Forwarded-For": {"1.1.1.1"}, "Forwarded": {"for=1.1.1.1"}},
			"203.0.113.9",
		},
		{"one proxy", "10.0.0.1:5", headers{"X-Forwarded-For": {"203.0.113.9"}}, "203.0.113.9"},
		{
			"what the client claims is left of what our proxy saw", "10.0.0.1:5",
			headers{"X-Forwarded-For": {"1.1.1.1, 203.0.113.9"}},
			"203.0.113.9",
		},
		{"two proxies", "10.0.0.1:5", headers{"X-Forwarded-For": {"1.1.1.1, 203.0.113.9, 10.0.0.2"}}, "203.0.113.9"},
		{"lines of a list", "10.0.0.1:5", headers{"X-Forwarded-For": {"1.1.1.1", "203.0.113.9", "10.0.0.2"}}, "203.0.113.9"},
		{"all of them ours", "10.0.0.1:5", headers{"X-Forwarded-For": {"10.0.0.3, 10.0.0.2"}}, "10.0.0.3"},
		{"with a port", "10.0.0.1:5", headers{"X-Forwarded-For": {"203.0.113.9:4711"}}, "203.0.113.9"},
		{"IPv6", "[fd00::1]:5", headers{"X-Forwarded-For": {"2001:db8::7"}}, "2001:db8::7"},
		{"IPv6 with a port", "[fd00::1]:5", headers{"X-Forwarded-For": {"[2001:db8::7]:4711"}}, "2001:db8::7"},
		{"IPv4 in IPv6 is IPv4", "[::ffff:10.0.0.1]:5", headers{"X-Forwarded-For": {"::ffff:203.0.113.9"}}, "203.0.113.9"},
		{"nonsense ends the walk", "10.0.0.1:5", headers{"X-Forwarded-For": {"203.0.113.9, nonsense, 10.0.0.2"}}, "10.0.0.2"},
		{"nothing in the header", "10.0.0.1:5", headers{"X-Forwarded-For": {""}}, "10.0.0.1"},

		{"Forwarded", "10.0.0.1:5", headers{"Forwarded": {"for=203.0.113.9;proto=https"}}, "203.0.113.9"},
		{"Forwarded, quoted IPv6, any case", "10.0.0.1:5", headers{"Forwarded": {`by=x;FOR="[2001:db8::7]:4711"`}}, "2001:db8::7"},
		{"Forwarded through two", "10.0.0.1:5", headers{"Forwarded": {`for=1.1.1.1, for="203.0.113.9;x,y"`, "for=10.0.0.2"}}, "10.0.0.2"},
		{"Forwarded, obfuscated", "10.0.0.1:5", headers{"Forwarded": {"for=_hidden"}}, "10.0.0.1"},
		{
			"both, agreeing", "10.0.0.1:5",
			headers{"X-Forwarded-For": {"203.0.113.9"}, "Forwarded": {"for=203.0.113.9"}},
			"203.0.113.9",
		},
		{
			"both, one of which the client has made up", "10.0.0.1:5",
			headers{"X-Forwarded-For": {"203.0.113.9"}, "Forwarded": {"for=1.1.1.1"}},
			"10.0.0.1",
		},
	}
	server, err := newServer(transport.Options{
		Handler:        newEcho(),
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		got := server.RemoteAddr(&http.Request{RemoteAddr: c.from, Header: http.Header(c.headers)})
		if got.String() != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestHostAndSchemeComeFromTrustedProxiesOnly(t *testing.T) {
	t.Parallel()
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	cases := []struct {
		name    string
		trusted []netip.Prefix
		headers []string
		status  int
		tls     bool
	}{
		{"trusted", loopback, []string{"X-Forwarded-Host: app.example", "X-Forwarded-Proto: https", "X-Forwarded-For: 203.0.113.9"}, 101, true},
		{"trusted, without an address", loopback, []string{"X-Forwarded-Host: app.example", "X-Forwarded-Proto: https"}, 101, true},
		{"trusted, Forwarded", loopback, []string{`Forwarded: for=203.0.113.9;host="app.example";proto=https`}, 101, true},
		{"trusted, each proxy its own", loopback, []string{
			"X-Forwarded-For: 203.0.113.9, 127.0.0.2",
			"X-Forwarded-Proto: https, http", "X-Forwarded-Host: app.example, inner",
		}, 101, true},
		{"trusted, another host", loopback, []string{"X-Forwarded-Host: other.example", "X-Forwarded-Proto: https"}, 403, false},
		{"not trusted", nil, []string{"X-Forwarded-Host: app.example", "X-Forwarded-Proto: https"}, 403, false},
	}
	for _, c := range cases {
		handler := newEcho()
		s := serve(t, transport.Options{Handler: handler, TrustedProxies: c.trusted})
		response, _ := s.refused(t, upgradeRequest("/ws", append(c.headers, "Origin: https://app.example")...))
		if response.StatusCode != c.status {
			t.Errorf("%s: %d, want %d", c.name, response.StatusCode, c.status)
		}
		if open := handler.all(); len(open) > 0 && open[0].info.Peer.TLS != c.tls {
			t.Errorf("%s: TLS is %v", c.name, open[0].info.Peer.TLS)
		}
	}
}

// A client can fill the list that its proxy appends to. Only the end of it is kept.
func TestALongListOfProxiesCostsLittle(t *testing.T) {
	alloctest.SkipWithRace(t)
	s, err := newServer(transport.Options{Handler: newEcho(), TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"X-Forwarded-For", "Forwarded", "X-Forwarded-Proto", "X-Forwarded-Host"} {
		header := http.Header{"X-Forwarded-For": {"203.0.113.9"}}
		want := "203.0.113.9"
		if name == "Forwarded" {
			header.Set(name, strings.Repeat("a,", 15_000)+"for=203.0.113.9")
			header.Del("X-Forwarded-For")
		} else {
			header.Set(name, strings.Repeat("a,", 15_000)+"203.0.113.9")
		}
		r := &http.Request{RemoteAddr: "10.0.0.1:5", Header: header}
		var got netip.Addr
		bytes := alloctest.Bytes(func() { got = s.RemoteAddr(r) })
		if got.String() != want {
			t.Errorf("%s: the client is %s", name, got)
		}
		if bytes > 32<<10 {
			t.Errorf("%s: %d bytes are allocated", name, bytes)
		}
	}
}

func TestAProxyOfThisMachineThatIsNotTrustedIsNamedOnce(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		trusted []netip.Prefix
		headers []string
		lines   int
	}{
		{nil, nil, 0},
		{nil, []string{"X-Forwarded-For: 10.1.2.3"}, 1},
		{nil, []string{"Forwarded: for=10.1.2.3"}, 1},
		{[]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, []string{"X-Forwarded-For: 10.1.2.3"}, 0},
	} {
		options, log := logged(transport.Options{TrustedProxies: test.trusted})
		s := serve(t, options)
		for range 3 {
			upgraded(t, dialRaw(t, s.addr), upgradeRequest("/ws", test.headers...))
		}
		found := log.at("WARN", "not trusted")
		if len(found) != test.lines || test.lines == 1 && !strings.Contains(found[0]["fix"].(string), "trusted_proxies: [127.0.0.1]") {
			t.Errorf("%q: %v", test.headers, found)
		}
	}
}
