//go:build !race && !without_content && !without_presence && !without_maintenance && !without_oro

package server

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/config"
)

// every is a configuration with a value for each key that a change of a default cannot reach.
const every = `
auth:
  tickets: {secret: [ssssssssssssssssssssssssssssssss]}
  users:
    - {authid: ann, name: Ann, roles: [staff], tenant: north, cryptosign: [3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29]}
    - {authid: ben, wampcra: {key: "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", salt: salt, iterations: 1000, keylen: 32}}
    - {authid: eve, scram: {salt: "c2FsdHNhbHRzYWx0c2FsdA==", kdf: pbkdf2, iterations: 5000, memory: 0, stored_key: "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", server_key: "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}}
  cryptosign: {key: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"}
  dynamic: {webhook: "http://127.0.0.1:1/users", secret: dynamic}
  cookie: {}
  anonymous: {}
api_keys: [{name: erp, key: 0123456789abcdef, may: [publish]}]
topics:
  t:
    doc: A topic.
    subscribe: "true"
    publish: "backend"
    payload: {schema: one.json}
    handler: {webhook: "http://127.0.0.1:1/ask", on: [publish], secret: handler}
  tick: {every: {interval: 1m, args: [1], kwargs: {a: 1}}}
procedures: {p: {doc: A procedure., call: "true", register: "backend"}}
authorizer: {webhook: "http://127.0.0.1:1/may", secret: authorizer}
trust: {staff: 5}
content: {c: {doc: Content., watch: "true"}}
presence: {r: {doc: A record., enter: "true", see: "true"}}
oro:
  secret: a-secret-of-oro
  users: {webhook: "http://127.0.0.1:1/users", secret: sign}
  backends: [10.0.0.0/8]
  application_url: http://erp.example
  data_update: {rule: "true"}
`

// changed has another value for keys that have no number, duration, size, choice or switch: assignments (--set), or
// replacements in every. Keys of lists are in it, whatever their kind.
var changed = map[string]string{
	"listen": "=:1", "realm": "=other", "data": "=elsewhere", "origins": `=["https://a.example"]`, "trusted_proxies": "=[10.0.0.0/8]",
	"rawsocket": `=[{listen: "tcp://127.0.0.1:0"}]`, "tls": "={cert: cert.pem, key: key.pem}",
	"auth.tickets": "tickets: {secret: [ssssssssssssssssssssssssssssssss]}|", "auth.tickets.secret": "=[tttttttttttttttttttttttttttttttt]",
	"auth.users": "authid: ann|authid: ada", "auth.users[].authid": "authid: ann|authid: ada", "auth.users[].name": "name: Ann|name: Ada",
	"auth.users[].roles": "roles: [staff]|roles: [boss]", "auth.users[].tenant": "north|south",
	"auth.users[].cryptosign": "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29|8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c",
	"auth.users[].password":   "authid: ben, |authid: ben, password: \"$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE\", ",
	"auth.users[].wampcra":    `wampcra: {key: "MDEy|wampcra: {key: "NDEy`, "auth.users[].wampcra.key": `wampcra: {key: "MDEy|wampcra: {key: "NDEy`, "auth.users[].wampcra.salt": "salt: salt|salt: tlas",
	"auth.users[].wampcra.iterations": "iterations: 1000|iterations: 1001", "auth.users[].wampcra.keylen": `key: "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", salt: salt, iterations: 1000, keylen: 32|key: "MDEyMzQ1Njc4OTAxMjM0NQ==", salt: salt, iterations: 1000, keylen: 16`,
	"auth.users[].scram": "iterations: 5000|iterations: 5001", "auth.users[].scram.salt": "c2FsdHNhbHRzYWx0c2FsdA==|dGFsdHNhbHRzYWx0c2FsdA==",
	"auth.users[].scram.kdf": "kdf: pbkdf2, iterations: 5000, memory: 0|kdf: argon2id13, iterations: 2, memory: 19456", "auth.users[].scram.iterations": "iterations: 5000|iterations: 5001",
	"auth.users[].scram.memory":     "kdf: pbkdf2, iterations: 5000, memory: 0|kdf: argon2id13, iterations: 2, memory: 19457",
	"auth.users[].scram.stored_key": `stored_key: "MDEy|stored_key: "NDEy`, "auth.users[].scram.server_key": `server_key: "MDEy|server_key: "NDEy`,
	"auth.cryptosign": "cryptosign: {key: \"9d|cryptosign: {key: \"8d", "auth.cryptosign.key": "cryptosign: {key: \"9d|cryptosign: {key: \"8d",
	"auth.dynamic": `dynamic: {webhook: "http://127.0.0.1:1/users", secret: dynamic}|`, "auth.dynamic.webhook": "=http://127.0.0.1:1/others",
	"auth.dynamic.procedure": `dynamic: {webhook: "http://127.0.0.1:1/users", secret: dynamic}|dynamic: {procedure: app.users}`,
	"auth.dynamic.methods":   "=[ticket]", "auth.dynamic.secret": "=other",
	"auth.cookie": "cookie: {}|", "auth.anonymous": "anonymous: {}|", "auth.anonymous.role": "=visitor",
	"api_keys": "name: erp|name: crm", "api_keys[].name": "name: erp|name: crm", "api_keys[].key": "0123456789abcdef|fedcba9876543210",
	"api_keys[].hash": "key: 0123456789abcdef|hash: \"sha256:0f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f\"",
	"api_keys[].may":  "may: [publish]|may: [call]",
	"topics":          "  t:|  u:", "topics.<pattern>.doc": "A topic|The topic", "topics.<pattern>.subscribe": `subscribe: "true"|subscribe: "false"`,
	"topics.<pattern>.publish": `publish: "backend"|publish: "false"`, "topics.<pattern>.payload": "one.json|two.json", "topics.<pattern>.payload.schema": "one.json|two.json",
	"topics.<pattern>.handler": `handler: {webhook: "http://127.0.0.1:1/ask", on: [publish], secret: handler}|`, "topics.<pattern>.handler.webhook": "/ask|/question",
	"topics.<pattern>.handler.procedure": `{webhook: "http://127.0.0.1:1/ask", on: [publish], secret: handler}|{procedure: app.ask}`,
	"topics.<pattern>.handler.on":        "on: [publish]|on: [subscribe]", "topics.<pattern>.handler.timeout": "on: [publish]|on: [publish], timeout: 3s",
	"topics.<pattern>.handler.on_failure": "on: [publish]|on: [publish], on_failure: allow", "topics.<pattern>.handler.secret": "secret: handler|secret: other",
	"topics.<pattern>.handler.concurrency": "on: [publish]|on: [publish], concurrency: 3",
	"topics.<pattern>.retain":              "doc: A topic.|retain: asked", "topics.<pattern>.every": "interval: 1m|interval: 2m", "topics.<pattern>.every.interval": "interval: 1m|interval: 2m",
	"topics.<pattern>.every.args": "args: [1]|args: [2]", "topics.<pattern>.every.kwargs": "kwargs: {a: 1}|kwargs: {a: 2}",
	"topics.<pattern>.keep": "doc: A topic.|keep: {last: 3}", "topics.<pattern>.keep.last": "doc: A topic.|keep: {last: 3}",
	"topics.<pattern>.keep.for": "doc: A topic.|keep: {for: 1h}", "topics.<pattern>.keep.bytes": "doc: A topic.|keep: {last: 3, bytes: 1MiB}",
	"topics.<pattern>.keep.per": "doc: A topic.|keep: {per: key, last: 1}",
	"procedures":                "{p: {|{q: {", "procedures.<pattern>.doc": "A procedure|The procedure", "procedures.<pattern>.call": `call: "true"|call: "false"`,
	"procedures.<pattern>.register": `register: "backend"|register: "false"`,
	"meta.read":                     `="true"`, "meta.kill": `="false"`,
	"authorizer": `authorizer: {webhook: "http://127.0.0.1:1/may", secret: authorizer}|`, "authorizer.webhook": "=http://127.0.0.1:1/might",
	"authorizer.procedure": `{webhook: "http://127.0.0.1:1/may", secret: authorizer}|{procedure: app.may}`, "authorizer.on": "=[call]", "authorizer.secret": "=other",
	"trust": "trust: {staff: 5}|", "trust.<pattern>.level": "staff: 5|staff: 6",
	"content": "{c: {|{d: {", "content.<pattern>.doc": "Content.|Contents.", "content.<pattern>.watch": `watch: "true"|watch: "false"`, "content_publish": `="true"`,
	"presence": "{r: {|{s: {", "presence.<pattern>.doc": "A record|The record", "presence.<pattern>.enter": `enter: "true"|enter: "false"`, "presence.<pattern>.see": `see: "true"|see: "false"`,
	"maintenance.operator_roles": "=[boss]", "log.level": "=debug", "journal": "={sync: 1s}",
	"oro": "application_url: http://erp.example|application_url: http://crm.example", "oro.secret": "=another-secret", "oro.backends": "=[10.0.0.0/9]",
	"oro.application_url": "=http://crm.example", "oro.users.webhook": "=http://127.0.0.1:2/users", "oro.users.secret": "=signed",
	"oro.data_update.rule": "=false", "oro.data_update": `rule: "true"|rule: "not anonymous"`, "websocket.any_path": "=false",
	"oro.users": "secret: sign|secret: signed", "oro.logins": "  application_url:|  logins: {queue: 2000}\n  application_url:",
	"topics.<pattern>.slow.rate": "doc: A topic.|slow: {policy: latest, rate: 3}",
}

// notAlone are keys that cannot be changed in this configuration: those below a section that it lacks, because only a
// start can add it. Other tests change them.
var notAlone = []string{"tls.", "rawsocket[].", "auth.certificates", "oro.parameters", "oro.users.database"}

// documented is a row of the reference.
type documented struct{ key, value, standard, change string }

var row = regexp.MustCompile("(?m)^\\| `([^`]+)`(?:<br>`[^`]*`)? \\| ((?:[^|\\\\]|\\\\.)*) \\| ((?:[^|\\\\]|\\\\.)*) \\| ([^|]*) \\|")

func TestAReloadAppliesOrNamesEveryKey(t *testing.T) {
	keys := row.FindAllStringSubmatch(config.Reference(Sections()...), -1)
	if len(keys) < 100 {
		t.Fatalf("the reference has %d keys", len(keys))
	}
	s, load := runEvery(t)
	before := effective(s)
	for _, k := range keys {
		d := documented{k[1], k[2], strings.Trim(k[3], "`"), k[4]}
		if d.change == "-" || slices.ContainsFunc(notAlone, func(prefix string) bool { return strings.HasPrefix(d.key, prefix) }) {
			continue
		}
		t.Run(d.key, func(t *testing.T) {
			yaml, set := d.another(t)
			*load = func() (*config.Config, error) { return parseEvery(every) }
			if _, err := s.Reload(t.Context()); err != nil {
				t.Fatal(err)
			}
			if now := effective(s); now != before {
				t.Fatalf("the former configuration is not what it was: %s", difference(before, now))
			}
			*load = func() (*config.Config, error) { return parseEvery(yaml, set...) }
			done, err := s.Reload(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			restart := strings.HasPrefix(d.change, "restart")
			if !slices.ContainsFunc(done.Changes, func(c config.Change) bool {
				return c.Restart == restart && (strings.HasPrefix(c.Key, d.key) || strings.HasPrefix(d.key, c.Key))
			}) {
				t.Errorf("it says %+v", done.Changes)
			}
			if after := effective(s); (after == before) != restart {
				t.Errorf("the documentation says %q, and that the server has the new value is %t: apply it, or tag the key with reload\n%s", d.change, after != before, difference(before, after))
			}
		})
	}
}

// another returns a configuration in which the key has another value.
func (d *documented) another(t *testing.T) (yaml string, set []string) {
	t.Helper()
	if value, ok := strings.CutPrefix(changed[d.key], "="); ok {
		return every, []string{d.key + "=" + value}
	}
	if old, with, ok := strings.Cut(changed[d.key], "|"); ok {
		yaml = strings.Replace(every, old, with, 1)
		if yaml == every {
			t.Fatalf("there is no %q", old)
		}
		return yaml, nil
	}
	choices := regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(d.value, -1)
	switch {
	case strings.HasPrefix(d.value, "`"):
		for _, choice := range choices {
			if choice[1] != d.standard {
				return every, []string{d.key + "=" + choice[1]}
			}
		}
	case d.standard == "true", d.standard == "false":
		return every, []string{d.key + "=" + strconv.FormatBool(d.standard == "false")}
	case strings.HasPrefix(d.value, "number"):
		n, _ := strconv.Atoi(d.standard)
		return every, []string{fmt.Sprintf("%s=%d", d.key, n+1)}
	case strings.HasPrefix(d.value, "duration"):
		took, err := time.ParseDuration(d.standard)
		if err != nil {
			t.Fatal(err)
		}
		return every, []string{d.key + "=" + (took + took/2).String()}
	case strings.HasPrefix(d.value, "size"):
		amount := strings.TrimRight(d.standard, "KMGiB")
		n, _ := strconv.Atoi(amount)
		return every, []string{fmt.Sprintf("%s=%d%s", d.key, n+1, strings.TrimPrefix(d.standard, amount))}
	}
	t.Fatalf("give %s (%s) another value in this test", d.key, d.value)
	return "", nil
}

func parseEvery(yaml string, set ...string) (*config.Config, error) {
	return config.Parse(filepath.Join(schemas, "test.yaml"), []byte(yaml), config.Options{
		Sections: Sections(), Set: set, Lookup: func(string) (string, bool) { return "", false },
	})
}

// schemas is the folder of the configuration.
var schemas string

// runEvery runs a server, which reads its configuration again by load.
func runEvery(t *testing.T) (s *Server, load *func() (*config.Config, error)) {
	t.Helper()
	schemas = t.TempDir()
	for name, text := range map[string]string{"one.json": `{"type": "object"}`, "two.json": `{"type": "array"}`} {
		if err := os.WriteFile(filepath.Join(schemas, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	writeCertificate(t, schemas)
	read := func() (*config.Config, error) { return parseEvery(every) }
	first, err := read()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	load = &read
	s, err = New(first, Options{Listener: listener, LogTo: io.Discard, Load: func() (*config.Config, error) { return (*load)() }})
	if err != nil {
		t.Fatal(err)
	}
	stop := runUntilStopped(t, s)
	t.Cleanup(stop)
	return s, load
}

// effective returns what the parts of the server have of the configuration.
func effective(s *Server) string {
	now := s.current.Load()
	w := &walker{seen: make(map[uintptr]bool)}
	for _, part := range []any{
		s.router.Settings(), s.transport.Settings(), s.httpLimit.Limits(), s.attempts.Options(), s.logLevel.Level(),
		now.basis, now.chain, now.tickets, now.keys, now.api, now.config.Metrics,
		[]int{now.config.Log.Refusals, now.config.Log.RefusalsEach}, // which policy reads there
	} {
		w.value(reflect.ValueOf(part))
	}
	for _, c := range s.components {
		w.value(reflect.ValueOf(c.Component))
	}
	return w.text.String()
}

// difference returns the place where two texts begin to differ.
func difference(a, b string) string {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	from := max(0, i-200)
	return a[from:min(len(a), i+50)] + "\ninstead of\n" + b[from:min(len(b), i+50)]
}

// walker writes the values of all fields, but for those of packages and types that hold no configuration.
type walker struct {
	text strings.Builder
	seen map[uintptr]bool // the pointers on the way here
}

func (w *walker) value(v reflect.Value) {
	if !v.IsValid() {
		return
	}
	switch t := v.Type(); {
	case t == reflect.TypeFor[*config.Config](), t == reflect.TypeFor[*slog.Logger](), t == reflect.TypeFor[*Server](), t == reflect.TypeFor[time.Time](), t == reflect.TypeFor[config.Pos]():
		return
	case strings.HasPrefix(t.PkgPath(), "net/http") && t.Kind() == reflect.Struct, strings.HasPrefix(t.PkgPath(), "sync") && t.Name() == "Mutex",
		strings.HasSuffix(t.PkgPath(), "internal/router") && t.Kind() == reflect.Struct && t.Name() != "Settings",
		strings.HasSuffix(t.PkgPath(), "internal/cluster") && t.Kind() == reflect.Struct, // the store, which only a start opens
		strings.HasSuffix(t.PkgPath(), "huma/v2"), t.PkgPath() == "reflect",
		strings.HasSuffix(t.PkgPath(), "internal/config") && t.Name() == "scalar": // how a text is written
		return
	}
	switch v.Kind() { //nolint:exhaustive // channels and functions hold no configuration
	case reflect.Pointer:
		if !v.IsNil() && !w.seen[v.Pointer()] {
			w.seen[v.Pointer()] = true
			w.value(v.Elem())
			delete(w.seen, v.Pointer())
		}
	case reflect.Interface:
		w.value(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			w.value(v.Field(i))
		}
	case reflect.Slice, reflect.Array:
		fmt.Fprint(&w.text, v.Len(), "[")
		for i := range v.Len() {
			w.value(v.Index(i))
		}
	case reflect.Map:
		w.entries(v)
	case reflect.String:
		fmt.Fprintf(&w.text, "%q", v.String())
	case reflect.Bool:
		fmt.Fprint(&w.text, v.Bool(), " ")
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		fmt.Fprint(&w.text, v.Int(), " ")
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		fmt.Fprint(&w.text, v.Uint(), " ")
	case reflect.Float32, reflect.Float64:
		fmt.Fprint(&w.text, v.Float(), " ")
	}
}

// entries writes a map in the order of its keys.
func (w *walker) entries(v reflect.Value) {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	fmt.Fprint(&w.text, len(keys), "{")
	for _, key := range keys {
		fmt.Fprint(&w.text, key, ":")
		w.value(v.MapIndex(key))
	}
}
