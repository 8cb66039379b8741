package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/internal/config"
)

const runs = `
listen: :1
limits: {connections: 5, kept_topics: 7}
auth: {tickets: {secret: ssssssssssssssssssssssssssssssss, ttl: 1m}, users: [{authid: ann, password: x}]}
api_keys: [{name: erp, key: 0123456789abcdef, may: [publish]}]
topics: {a: {subscribe: "true", every: {interval: 1m, args: [1]}}}
content: {"order.{id}": {watch: "true"}}
trust: {staff: 5}
trusted_proxies: [10.0.0.0/8]
`

func TestAChangeIsNamedAndWhatOnlyAStartChangesStays(t *testing.T) {
	for _, test := range []struct{ what, old, with, applied, restart string }{
		{"nothing but positions", "listen: :1\n", "# a comment\n\nlisten:   ':1'\n", "", ""},
		{"a value of a start", "listen: :1", "listen: :2", "", "listen"},
		{"a limit", "connections: 5", "connections: 6", "limits.connections", ""},
		{"two of one section", "connections: 5, kept_topics: 7", "connections: 6, kept_topics: 8", "limits.connections", "limits.kept_topics"},
		{"a default", "connections: 5, ", "", "limits.connections", ""},
		{"a secret", "sssss, ttl", "ttttt, ttl", "auth.tickets.secret", ""},
		{"a key of a section of a start", "ttl: 1m", "ttl: 2m", "", "auth.tickets.ttl"},
		{"a section of a start that goes", "tickets: {secret: ssssssssssssssssssssssssssssssss, ttl: 1m}, ", "", "", "auth.tickets"},
		{"a section that comes", "trust: ", "authorizer: {procedure: a.b}\ntrust: ", "authorizer", ""},
		{"inside of a list", "may: [publish]", "may: [call]", "api_keys", ""},
		{"the name in a section", "{a: {", "{b: {", "topics", ""},
		{"a value without a schema", "args: [1]", "args: [2]", "topics", ""},
		{"a section of a feature", `watch: "true"`, `watch: "false"`, "content", ""},
		{"an address range", "10.0.0.0/8", "10.0.0.0/9", "trusted_proxies", ""},
		{"a user", "authid: ann", "authid: ben", "auth.users", ""},
		{"a level", "staff: 5", "staff: 6", "trust", ""},
	} {
		running := mustParse(t, runs, config.Options{})
		changed := strings.Replace(runs, test.old, test.with, 1)
		if changed == runs {
			t.Fatalf("%s: nothing to replace", test.what)
		}
		loaded := mustParse(t, changed, config.Options{})
		changes := loaded.Succeed(running)
		if applied, restart := config.Names(changes, false), config.Names(changes, true); applied != test.applied || restart != test.restart {
			t.Errorf("%s: applied are %q, a restart need %q", test.what, applied, restart)
		}
		again := mustParse(t, changed, config.Options{}).Succeed(loaded)
		if applied, restart := config.Names(again, false), config.Names(again, true); applied != "" || restart != test.restart {
			t.Errorf("%s, again: applied are %q, a restart need %q", test.what, applied, restart)
		}
	}
}

func TestWhatNeedsAStartKeepsItsValue(t *testing.T) {
	running := mustParse(t, runs, config.Options{})
	loaded := mustParse(t, "listen: :2\nlimits: {connections: 6, kept_topics: 8}\n", config.Options{})
	loaded.Succeed(running)
	got := []any{loaded.Listen, loaded.Limits.Connections, loaded.Limits.KeptTopics, loaded.Auth.Tickets != nil, len(loaded.Topics)}
	if diff := cmp.Diff([]any{":1", 6, 7, true, 0}, got); diff != "" {
		t.Error(diff)
	}
}
