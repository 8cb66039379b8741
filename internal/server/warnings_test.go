//go:build !without_content && !without_maintenance && !without_presence

package server_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/server"
)

// usable is a configuration that clients can log in to, and use.
const usable = "auth: {tickets: {secret: 0123456789abcdef0123456789abcdef}}\napi_keys: [{name: erp, key: erp-0123456789abcdef, may: ['*']}]\ntopics: {a: {subscribe: true, publish: backend}}\n"

func TestWhatIsRarelyMeantIsWarnedOfAtItsPlace(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for yaml, want := range map[string][]string{
		usable: nil,
		usable + "origins: [https://a.example, '*']\n":                                   {"4:30: origins has \"*\": pages of every website may connect"},
		usable + "undeclared: allow\n":                                                   {"4:13: undeclared is allow"},
		usable + "trusted_proxies: [10.0.0.0/8, 0.0.0.0/0, '::/0']\n":                    {"4:31: trusted_proxies has 0.0.0.0/0", "4:42: trusted_proxies has ::/0"},
		usable + "meta: {kill: true, read: 'true'}\n":                                    {"4:14: meta.kill is true", "4:26: meta.read is true"},
		usable + "data: " + folder + "/a/b\n":                                            nil,
		usable + "data: " + folder + "/file/b\n":                                         {"4:7: the data folder cannot be used by this user: " + folder + "/file is a file; remove the file"},
		usable + "procedures:\n  p: {}\n  q: {call: 'false', register: backend}\n":       {"5:3: p is a contract that no client may call", "6:3: q is a contract that no client may call"},
		usable + "content: {b: {}}\npresence: {c: {enter: true}}\n":                      {"4:11: b is a contract that no client may use in full", "5:12: c is a contract that no client may use in full"},
		"auth: {anonymous: {}}\ntopics: {a: {doc: x}}\n":                                 {"2:10: a is a contract that no client may use: a rule is missing or false; write rules, for example subscribe: true"},
		"auth: {anonymous: {}}\ntopics: {a: {subscribe: true, publish: true}}\n":         {"2:40: clients without a login may publish to a; write not anonymous, or backend"},
		"auth: {anonymous: {}}\ntopics: {a: {subscribe: false, every: 10s}}\n":           {"2:10: a is a contract that no client may subscribe to"},
		"auth: {anonymous: {}}\ntopics: {a: {subscribe: backend, every: 10s}}\n":         {"2:10: a is a contract that no client may subscribe to"},
		"auth: {anonymous: {}, cookie: {insecure: true}}\ncontent: {a: {watch: true}}\n": {"1:42: auth.cookie.insecure is true"},
		"auth: {anonymous: {}}\n":                                                        {"1:1: clients can log in, but may use nothing"},
		"auth: {anonymous: {}}\nauthorizer: {webhook: 'http://127.0.0.1/'}\n":            nil,
		"listen: :0\n": {"1:1: no client can log in; configure auth.tickets"},
		"":             {"1:1: no client can log in; configure auth.tickets"},
	} {
		parsed, err := config.Parse("test.yaml", []byte(yaml), config.Options{Sections: server.Sections(), Lookup: noEnvironment})
		if err == nil {
			err = server.Check(parsed, nil, nil)
		}
		if err != nil {
			if want != nil {
				t.Errorf("%s: %v", yaml, err)
			}
			continue
		}
		got := server.Warnings(parsed)
		if len(got) != len(want) {
			t.Errorf("%s: %v", yaml, got)
			continue
		}
		for i := range want {
			if !strings.HasPrefix(got[i].String(), "test.yaml:"+want[i]) {
				t.Errorf("%s: %s", yaml, got[i])
			}
		}
	}
}

func TestADataFolderThatCannotBeMadeIsWarnedOf(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs a file system in which no user can make folders, such as /proc")
	}
	parsed, err := config.Parse("test.yaml", []byte(usable+"data: /proc/a/b\n"), config.Options{Sections: server.Sections(), Lookup: noEnvironment})
	if err != nil {
		t.Fatal(err)
	}
	if got := server.Warnings(parsed).Error(); !strings.HasPrefix(got, "test.yaml:4:7: the data folder cannot be used by this user: no folder can be made in /proc") {
		t.Error(got)
	}
}

func TestWithoutAFileTheWarningSaysHowToGetOne(t *testing.T) {
	parsed, err := config.Parse("", nil, config.Options{Sections: server.Sections(), Lookup: noEnvironment})
	if err != nil {
		t.Fatal(err)
	}
	if got := server.Warnings(parsed).Error(); !strings.Contains(got, "no client can log in; write tidings.yaml in this folder, or name a file with --config") {
		t.Error(got)
	}
}

func TestADeciderNeedsNoRuleForCalls(t *testing.T) {
	parsed, err := config.Parse("test.yaml", []byte(usable+"authorizer: {procedure: app.may}\nprocedures: {app.may: {register: backend}}\n"), config.Options{Sections: server.Sections(), Lookup: noEnvironment})
	if err != nil {
		t.Fatal(err)
	}
	if got := server.Warnings(parsed); len(got) > 0 {
		t.Error(got)
	}
}
