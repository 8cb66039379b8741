package wamp_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tidings-io/tidings/internal/wamp"
)

// Each name of version 1 has one name in version 2, which has no # and leads back to it.
func TestNamesOfVersion1AndVersion2CorrespondOneToOne(t *testing.T) {
	known := map[string]string{
		"http://example.com/event#new": "http://example.com/event%23new",
		"a#":                           "a%23",
		"##":                           "%23%23",
		"a%23b":                        "a%2523b",
		"a%2523b":                      "a%252523b",
		"a%25b":                        "a%25b",
		"a%2":                          "a%2",
		"a%25":                         "a%25",
		"%#":                           "%%23",
		"%25#":                         "%25%23",
		"100%":                         "100%",
	}
	for v1, v2 := range known {
		if got := throughRouter(t, v1); got != [2]string{v2, v1} {
			t.Errorf("%q is %q", v1, got)
		}
	}
	seen := map[string]string{}
	rapid.Check(t, func(r *rapid.T) {
		v1 := rapid.StringMatching(`a(#|%|2|3|5|%23|%25|b)*`).Draw(r, "name")
		got := throughRouter(t, v1)
		if got[1] != v1 || strings.Contains(got[0], "#") {
			r.Fatalf("%q becomes %q", v1, got)
		}
		if other, known := seen[got[0]]; known && other != v1 {
			r.Fatalf("%q and %q both become %q", v1, other, got[0])
		}
		seen[got[0]] = v1
	})
}

// throughRouter returns the URI that the router gets for a topic of version 1, and the topic of an EVENT on that URI.
func throughRouter(t *testing.T, topic string) [2]string {
	t.Helper()
	m, err := joinedV1(t).Receive(fmt.Appendf(nil, `[7,%q,null]`, topic))
	if err != nil {
		t.Fatal(err)
	}
	uri := m.(*wamp.Publish).Topic
	event := mustAppend(t, wamp.V1JSON, &wamp.Event{Topic: uri})
	back, _ := strings.CutSuffix(strings.TrimPrefix(string(event), `[8,"`), `",null]`)
	return [2]string{string(uri), back}
}
