package config_test

import (
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/config"
)

// warningsOf returns the warnings of a configuration and an environment, each on a line.
func warningsOf(t *testing.T, yaml string, environment map[string]string) string {
	t.Helper()
	c, err := config.Parse("tidings.yaml", []byte(yaml), config.Options{
		Lookup: func(name string) (string, bool) { value, ok := environment[name]; return value, ok },
		Environ: func() (list []string) {
			for name, value := range environment {
				list = append(list, name+"="+value)
			}
			return list
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c.Warnings().Error()
}

func TestVariablesThatAreNoKeysAreNamedWithTheNearest(t *testing.T) {
	got := warningsOf(t, "realm: ${TIDINGS_REALM_NAME}\n", map[string]string{
		"TIDINGS_LIMTS_OUTBOX_BYTES": "1MiB",
		"TIDINGS_API_KEYS":           "a",
		"TIDINGS_QWXYZQ":             "x",
		// These have a use.
		"TIDINGS_REALM_NAME": "app", "TIDINGS_LIMITS_OUTBOX_BYTES": "1MiB", "TIDINGS_LIMITS_KEY_FAILURES": "9",
		"TIDINGS_CONFIG": "x", "TIDINGS_SERVER": "x", "TIDINGS_KEY": "x", "TIDINGS_TEST_SOCKETS": "portable", "OTHER": "x",
		// Kubernetes sets these for services that are called tidings or tidings-headless.
		"TIDINGS_PORT": "tcp://10.0.0.1:80", "TIDINGS_PORT_80_TCP_ADDR": "10.0.0.1", "TIDINGS_SERVICE_HOST": "10.0.0.1",
		"TIDINGS_SERVICE_PORT_HTTP": "80", "TIDINGS_HEADLESS_SERVICE_PORT": "80", "TIDINGS_HEADLESS_PORT_80_TCP": "tcp://10.0.0.1:80",
	})
	want := "environment TIDINGS_API_KEYS: TIDINGS_API_KEYS is no key of the configuration, and the file does not use it; write api_keys into the file: a variable can only hold a single value or a list of such values\n" +
		"environment TIDINGS_LIMTS_OUTBOX_BYTES: TIDINGS_LIMTS_OUTBOX_BYTES is no key of the configuration, and the file does not use it; did you mean TIDINGS_LIMITS_OUTBOX_BYTES?\n" +
		"environment TIDINGS_QWXYZQ: TIDINGS_QWXYZQ is no key of the configuration, and the file does not use it; remove it, or use it in the file: ${TIDINGS_QWXYZQ}"
	if got != want {
		t.Errorf("got\n%s\ninstead of\n%s", got, want)
	}
}

func TestADefaultOfASecretIsWarnedOfAtItsPlace(t *testing.T) {
	const secret = "0123456789abcdef0123456789abcdef"
	got := warningsOf(t, "realm: ${REALM:-app}\nauth:\n  tickets: {secret: \"${A:-"+secret+"}\"}\napi_keys:\n  - {name: a, may: [publish], key: \"x${B:-"+secret+"}\"}\n"+
		"  - {name: b, may: [publish], key: \"$${C:-"+secret+"}\"}\n  - {name: c, may: [publish], key: \"${D:-}"+secret+"\"}\n", nil)
	want := "tidings.yaml:3:22: secret is a secret with a default: if A is not set, every reader of the file knows the secret; write ${A}: then the server does not start without the variable\n" +
		"tidings.yaml:5:38: key is a secret with a default: if B is not set, every reader of the file knows the secret; write ${B}: then the server does not start without the variable"
	if got != want {
		t.Errorf("got\n%s\ninstead of\n%s", got, want)
	}
}

func TestAMissingSecretIsNotAdvisedToHaveADefault(t *testing.T) {
	_, err := config.Parse("tidings.yaml", []byte("realm: ${R}\nauth: {tickets: {secret: \"${S}\"}}\n"), config.Options{Lookup: func(string) (string, bool) { return "", false }})
	want := "tidings.yaml:1:8: the environment variable R is not set; set it, or write ${R:-default}\n" +
		"tidings.yaml:2:27: the environment variable S is not set; set it before the server starts"
	if err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}

// The mistakes of YAML that newcomers make, and what they are told.
func TestLikelyMistakesOfYAMLAreExplained(t *testing.T) {
	for yaml, want := range map[string]string{
		"topics:\n  a:\n    subscribe: \"staff\" in identity.roles\n":                                    `3:16: put the whole value in single quotes: subscribe: '"staff" in identity.roles'`,
		"topics:\n  a: {subscribe: \"staff\" in identity.roles, doc: x}\n":                               `2:18: put the whole value in single quotes: subscribe: '"staff" in identity.roles'`,
		"topics:\n  a: {subscribe: 'staff' in identity.roles}\n":                                         `2:18: put the whole value in single quotes: subscribe: '"staff" in identity.roles'`,
		"topics:\n  a:\n    subscribe: *\n":                                                              `3:16: quote the star: "*"; in a rule, write true for every client`,
		"origins: [*]\n":                                                                                 `1:11: quote the star: "*"; in a rule, write true for every client`,
		"topics:\n  a: {subscribe: !anonymous}\n":                                                        `2:18: YAML takes ! for a tag: put the whole value in quotes, or write not instead`,
		"topics:\n  a:\n    doc: Note: for people\n":                                                     `3:14: quote a value with a colon and a space in it`,
		"topics:\n  a: subscribe: true\n":                                                                `2:6: write the keys of a section below it, or in braces: {key: value}`,
		"topics:\n  a:\n    doc: @home\n":                                                                `3:10: quote a value that begins with @`,
		"api_keys:\n  - {name: erp, key: abc}\ntopics:\n  a: {subscribe: \"staff\" in identity.roles}\n": `4:18: put the whole value in single quotes: subscribe: '"staff" in identity.roles'`,
		"topics:\n\ta: {subscribe: true}\n":                                                              `2:1: indent with spaces, not with tabs`,
		"auth:\n  tickets:\n    secret: \"0123456789\" 0123456789abcdef\n":                               `3:13: put the whole value in quotes, not only its beginning`,
		"topics:\n  a:\n    subscribe: [\n    publish: true\n  b: {publish: x}\n":                        `3:5: check brackets, quotes, colons and indentation here and in the line above`,
	} {
		_, err := config.Parse("", []byte(yaml), config.Options{Lookup: func(string) (string, bool) { return "", false }})
		if err == nil {
			t.Errorf("%s is accepted", yaml)
			continue
		}
		place, fix, _ := strings.Cut(want, ": ")
		if !strings.HasPrefix(err.Error(), ":"+place+": this is not YAML: ") || !strings.HasSuffix(err.Error(), "; "+fix) {
			t.Errorf("%s\ngot    %v\nwanted %s", yaml, err, want)
		}
	}
}

func TestATagIsNotTakenForARule(t *testing.T) {
	_, err := config.Parse("", []byte("topics:\n  a:\n    subscribe: !anonymous\n"), config.Options{Lookup: func(string) (string, bool) { return "", false }})
	if err == nil || !strings.Contains(err.Error(), ":3:16: YAML takes !anonymous for a tag") {
		t.Errorf("%v", err)
	}
}
