package config_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/internal/attempts"
	"github.com/tidings-io/tidings/internal/auth"
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/journal"
	"github.com/tidings-io/tidings/internal/router/meter"
	"github.com/tidings-io/tidings/internal/schema"
	"github.com/tidings-io/tidings/internal/topic"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files instead of comparing with them")

// environment is what the golden files see.
func environment(name string) (string, bool) {
	value, ok := map[string]string{
		"TIDINGS_SECRET": strings.Repeat("s", 32), "SET": "a lot", "EMPTY": "", "PORT": "http",
	}[name]
	return value, ok
}

// watched and site are sections as features have them, with the keys that the golden files use.
type watched struct {
	Content []struct {
		Pattern config.Text
		Doc     string      `key:"doc" doc:"What the content is."`
		Watch   config.Text `key:"watch" doc:"Rule: who may watch."`
	} `key:"content" map:"Pattern" doc:"Which content can be watched."`
	ContentPublish config.Text `key:"content_publish" default:"backend" doc:"Rule: who may say that content changed."`
}

type site struct {
	Presence []struct {
		Pattern config.Text
		Enter   config.Text `key:"enter" doc:"Rule: who may be present."`
		See     config.Text `key:"see" doc:"Rule: who may see who is present."`
	} `key:"presence" map:"Pattern" doc:"The records."`
	Maintenance struct {
		OperatorRoles []string `key:"operator_roles" doc:"Roles."`
	} `key:"maintenance" doc:"Maintenance of the site."`
}

var sections = []config.Section{
	{Keys: (*watched)(nil), Scopes: []string{"content"}},
	{Keys: (*site)(nil), Scopes: []string{"presence", "maintenance"}},
}

func TestAllMistakesAreReportedWithPlaceAndFix(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = config.Parse(filepath.Base(file), data, config.Options{Sections: sections, Lookup: environment})
			problems, ok := errors.AsType[config.Problems](err)
			if !ok {
				t.Fatalf("got %v instead of problems", err)
			}
			got := problems.Render()
			golden := strings.TrimSuffix(file, ".yaml") + ".txt"
			if *rewrite {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("other problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNoGoldenFileShowsASecret(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), "hush") {
			t.Errorf("%s shows a secret", file)
		}
	}
}

func TestGoodConfigurationIsReadInFull(t *testing.T) {
	c := mustParse(t, `
listen: 127.0.0.1:9000
data: ./data
origins: ["https://erp.example.com"]
trusted_proxies: [10.1.2.3/8, "::1"]
tls: {cert: tls/cert.pem, key: /etc/key.pem}
limits: {outbox_bytes: 2MiB, message_bytes: 65536}
auth:
  tickets: {secret: "${TIDINGS_SECRET}", ttl: 90s}
  anonymous: {}
api_keys:
  - {name: erp, key: 0123456789abcdef, may: [publish, "*"]}
topics:
  order.{id:int}:
    doc: Changes of one order.
    subscribe: identity.role in ["staff", "admin"]
    publish: backend
    payload: {schema: schemas/order.json}
    handler: {procedure: com.example.ask, "on": [publish], timeout: 500ms, on_failure: allow}
  beat: {every: 50s}
  tick:
    subscribe: true
    every: {interval: 1m, args: [1, 2.5, "x", true, null, 18446744073709551615], kwargs: {a: {b: [1]}}}
procedures:
  add: {call: "true", register: backend}
content: {"order.{id:int}": {watch: "true"}}
presence: {"order.{id:int}": {enter: "true", see: "true"}}
maintenance: {operator_roles: [admin]}
undeclared: allow
trust: {staff: 5, partner: {level: 2}}
`, config.Options{})

	order := c.Topics[0]
	for _, test := range []struct {
		what      string
		got, want any
	}{
		{"listen", c.Listen, "127.0.0.1:9000"},
		{"realm by default", c.Realm, "app"},
		{"data", c.Resolve(c.Data), "conf/data"},
		{"an absolute file", c.Resolve(c.TLS.Key.Value), "/etc/key.pem"},
		{"origins", c.Origins[0].Value, "https://erp.example.com"},
		{"a proxy's range", c.TrustedProxies[0].String(), "10.0.0.0/8"},
		{"a single proxy", c.TrustedProxies[1].String(), "::1/128"},
		{"a level", c.Trust[0].Role.Value + " " + strconv.Itoa(c.Trust[0].Level), "staff 5"},
		{"a level at length", c.Trust[1].Role.Value + " " + strconv.Itoa(c.Trust[1].Level), "partner 2"},
		{"a size", c.Limits.OutboxBytes, config.Size(2 << 20)},
		{"a size in bytes", c.Limits.MessageBytes, config.Size(64 << 10)},
		{"a limit by default", c.Limits.Subscriptions, 1000},
		{"a ticket's secret", c.Auth.Tickets.Secrets[0].Reveal(), strings.Repeat("s", 32)},
		{"a ticket's life", c.Auth.Tickets.TTL, 90 * time.Second},
		{"the anonymous role by default", c.Auth.Anonymous.Role, "anonymous"},
		{"an API key", c.APIKeys[0].Key.Reveal(), "0123456789abcdef"},
		{"scopes", strings.Join(c.APIKeys[0].May, " "), "publish *"},
		{"a pattern", order.Pattern.Value, "order.{id:int}"},
		{"a pattern's place", order.Pattern.Pos.String(), "conf/tidings.yaml:14:3"},
		{"a rule's place", order.Subscribe.Pos.String(), "conf/tidings.yaml:16:16"},
		{"a schema", order.Payload.Schema.Value, "schemas/order.json"},
		{"who is asked", order.Handler.Procedure.Value, "com.example.ask"},
		{"on what", strings.Join(order.Handler.On, " "), "publish"},
		{"on failure", order.Handler.OnFailure, "allow"},
		{"in-flight questions by default", order.Handler.Concurrency, 64},
		{"a short every", c.Topics[1].Every.Interval, 50 * time.Second},
		{"an unquoted rule", c.Topics[2].Subscribe.Value, "true"},
		{"a section's rule", config.SectionOf[watched](c).Content[0].Watch.Value, "true"},
		{"the default rule", config.SectionOf[watched](c).ContentPublish.Value, "backend"},
		{"a missing rule", c.Topics[2].Publish.Value, ""},
		{"undeclared", c.Undeclared, "allow"},
		{"free values", fmt.Sprint(c.Topics[2].Every.Args, c.Topics[2].Every.Kwargs), "[1 2.5 x true <nil> 18446744073709551615] map[a:map[b:[1]]]"},
		{"a place by path", c.Pos("auth.tickets.ttl").String(), "conf/tidings.yaml:9:47"},
		{"the place of what is not there", c.Pos("auth.anonymous.role").String(), "conf/tidings.yaml:10:14"},
	} {
		if test.got != test.want {
			t.Errorf("%s is %v instead of %v", test.what, test.got, test.want)
		}
	}
}

func mustParse(t *testing.T, text string, options config.Options) *config.Config {
	t.Helper()
	if options.Lookup == nil {
		options.Lookup = environment
	}
	options.Sections = sections
	c, err := config.Parse("conf/tidings.yaml", []byte(text), options)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnEmptyFileIsAConfiguration(t *testing.T) {
	for _, text := range []string{"", "# only a comment\n", "---\n", "topics:\nauth:\n", "null"} {
		if c := mustParse(t, text, config.Options{}); c.Listen != ":8080" || c.Log.Level != "info" {
			t.Errorf("%q gives %+v instead of the defaults", text, c)
		}
	}
}

func TestDefaultsEqualThoseOfTheirPackages(t *testing.T) {
	limits := mustParse(t, "", config.Options{}).Limits
	want := config.Limits{
		Connections: limits.Connections, HTTPConnections: limits.HTTPConnections, MessageBytes: limits.MessageBytes, BodyBytes: limits.BodyBytes,
		MessageRate: meter.DefaultMessageRate, MessageBurst: meter.DefaultMessageBurst, Kill: meter.DefaultKill,
		Subscriptions: meter.DefaultSubscriptions, Registrations: meter.DefaultRegistrations,
		PendingCalls: meter.DefaultPendingCalls, LoginFailures: attempts.DefaultPerAddress, AccountFailures: attempts.DefaultPerAccount,
		WaitingLogins: auth.DefaultHashQueue, LoginWait: auth.DefaultHashWait,
		KeptTopics: journal.DefaultTopics, KeptBytes: journal.DefaultBytes,
		SchemaSteps: schema.DefaultSteps, RulePayload: topic.DefaultRulePayload, Receivers: meter.DefaultReceivers, Handshake: limits.Handshake,
		OutboxBytes: meter.DefaultOutboxBytes, OutboxFrames: meter.DefaultOutboxFrames, OutboxTotal: meter.DefaultOutboxTotal,
	}
	if diff := cmp.Diff(want, limits); diff != "" {
		t.Error(diff)
	}
}

func TestLaterSourcesWin(t *testing.T) {
	lookup := func(name string) (string, bool) {
		value, ok := map[string]string{
			"TIDINGS_LISTEN": ":1", "TIDINGS_REALM": "from.env", "TIDINGS_ORIGINS": "https://a, https://b",
			"TIDINGS_AUTH_TICKETS_SECRET": strings.Repeat("e", 32), "TIDINGS_DATA": "${HOME}",
		}[name]
		return value, ok
	}
	c := mustParse(t, "listen: :0\nrealm: file\nlimits: &shared {connections: 5}\n", config.Options{
		Lookup: lookup,
		Set:    []string{"listen=:2", "limits.connections=7", `topics."chat.{room}".publish=identity.id == "ann"`, "maintenance.operator_roles=[a, b]", "log.level=debug", "realm=a=b"},
	})
	for _, test := range []struct{ what, got, want string }{
		{"listen", c.Listen, ":2"},
		{"realm", c.Realm, "a=b"},
		{"origins", c.Origins[0].Value + " " + c.Origins[1].Value, "https://a https://b"},
		{"the place of an origin", c.Origins[1].Pos.String(), "environment TIDINGS_ORIGINS"},
		{"a section made by the environment", c.Auth.Tickets.Secrets[0].Reveal(), strings.Repeat("e", 32)},
		{"a value with a variable, which is not expanded twice", c.Data, "${HOME}"},
		{"a limit", strconv.Itoa(c.Limits.Connections), "7"},
		{"a contract", c.Topics[0].Pattern.Value, "chat.{room}"},
		{"its rule", c.Topics[0].Publish.Value, `identity.id == "ann"`},
		{"the rule's place", c.Topics[0].Publish.At(3).String(), "--set topics.chat.{room}.publish"},
		{"a list", strings.Join(config.SectionOf[site](c).Maintenance.OperatorRoles, " "), "a b"},
	} {
		if test.got != test.want {
			t.Errorf("%s is %q instead of %q", test.what, test.got, test.want)
		}
	}
}

func TestMistakesOutsideOfTheFileNameTheirSource(t *testing.T) {
	_, err := config.Parse("tidings.yaml", []byte("listen: :0\n"), config.Options{
		Lookup: func(name string) (string, bool) { return "lots", name == "TIDINGS_LIMITS_CONNECTIONS" },
		Set:    []string{"nothing", "listen.port=5", "limitz.x=1", `a."b=c`, "realm={a: 1}", "origins=[a"},
	})
	want := `--set: an assignment is not of the form key=value; write for example --set limits.outbox_bytes=2MiB
--set: an assignment is not of the form key=value; write for example --set limits.outbox_bytes=2MiB
--set limitz.x: there is no key limitz in the configuration; did you mean limits?
--set listen.port: listen is not a section that could be set in part; set it as a whole
--set origins: origins must be a list, but it is a single value; write [one, two], or one per line with - before it
--set realm: realm must be a single value, but it is a section of keys; write one text, in quotes if it has special characters
environment TIDINGS_LIMITS_CONNECTIONS: connections must be a whole number, but it is "lots"; write a number such as 1000`
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Error(diff)
	}
}

func TestAMissingFileIsAProblem(t *testing.T) {
	_, err := config.Load(filepath.Join(t.TempDir(), "none.yaml"), config.Options{})
	if err == nil || !strings.Contains(err.Error(), "none.yaml: open the configuration: no such file") {
		t.Errorf("got %v", err)
	}
	if _, err := config.Load("", config.Options{}); err != nil {
		t.Errorf("no file at all: %v", err)
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	c := mustParse(t, "auth: {tickets: {secret: hushhushhushhushhushhushhushhushhush}}\napi_keys: [{name: a, key: hushhushhushhush, may: ['*']}]\n", config.Options{})
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", c.APIKeys[0].Key, "config", c)
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	hidden := struct{ inner config.Secret }{c.APIKeys[0].Key}
	for _, text := range []string{fmt.Sprintf("%v %+v %#v", c, c, c), fmt.Sprintf("%v %+v %#v %q %x", hidden, hidden, hidden, c.APIKeys[0].Key, c.APIKeys[0].Key), log.String(), string(encoded)} {
		if strings.Contains(text, "hush") || strings.Contains(text, "68757368") {
			t.Errorf("a secret is printed: %s", text)
		}
	}
}

func TestPlacesInsideOfValuesAreReported(t *testing.T) {
	text := strings.Join([]string{
		`topics:`,
		`  a:`,
		`    subscribe: ab == cd`,
		`    publish: 'it''s == x'`,
		`  b:`,
		`    subscribe: "a\tb\u00e9 == \"x\""`,
		`    publish: |`,
		`      first and`,
		`        second`,
		`  c:`,
		`    subscribe: >-`,
		`      folded into`,
		`      one line`,
		`    publish: ${REALM:-x} == 1`,
		`  "d.{é}.{x}":`,
		`    doc: x`,
	}, "\n")
	c := mustParse(t, text, config.Options{})
	for _, test := range []struct {
		text config.Text
		part string
		want string
	}{
		{c.Topics[0].Subscribe, "cd", "3:22"},
		{c.Topics[0].Publish, "s ==", "4:19"},
		{c.Topics[0].Publish, "x", "4:24"},
		{c.Topics[1].Subscribe, "é", "6:21"},
		{c.Topics[1].Subscribe, `"x`, "6:31"},
		{c.Topics[1].Publish, "and", "8:13"},
		{c.Topics[1].Publish, "second", "9:9"},
		{c.Topics[2].Subscribe, "line", "11:16"},
		{c.Topics[2].Publish, "==", "14:14"},
		{c.Topics[3].Pattern, "{x}", "15:10"},
	} {
		offset := strings.Index(test.text.Value, test.part)
		if got := test.text.At(offset); offset < 0 || got.String() != "conf/tidings.yaml:"+test.want {
			t.Errorf("%q in %q is at %s instead of %s", test.part, test.text, got, test.want)
		}
	}
}

func TestLaterProblemsShowTheirLine(t *testing.T) {
	c := mustParse(t, "topics:\n  a:\n    publish: backend and identity.rol == \"x\"\n", config.Options{})
	var problems config.Problems
	problems.At(c, c.Topics[0].Publish.At(21), "there is no rol in identity", "did you mean identity.role?")
	want := `conf/tidings.yaml:3:35: there is no rol in identity; did you mean identity.role?
    3 |     publish: backend and identity.rol == "x"
      |                                   ^
`
	if diff := cmp.Diff(want, problems.Render()); diff != "" {
		t.Error(diff)
	}
}

func TestLongLinesAreCut(t *testing.T) {
	_, err := config.Parse("c.yaml", []byte("topics: {"+strings.Repeat("a.", 100)+"b: {dok: x, doc: "+strings.Repeat("y", 200)+"}}"), config.Options{})
	problems, _ := errors.AsType[config.Problems](err)
	for line := range strings.Lines(problems.Render()) {
		if len(line) > 320 {
			t.Errorf("a line of %d bytes: %s", len(line), line)
		}
	}
	if !strings.Contains(problems.Render(), "dok") {
		t.Errorf("the excerpt misses its place: %s", problems.Render())
	}
}

func TestReferenceNamesEveryKey(t *testing.T) {
	reference := config.Reference(sections...)
	for _, want := range []string{
		"| `listen`<br>`TIDINGS_LISTEN` | text | `:8080` |", "`topics.<pattern>.handler.on_failure`", "`api_keys[].may`",
		"| `limits.outbox_bytes`<br>`TIDINGS_LIMITS_OUTBOX_BYTES` | size, 64KiB to 1GiB | `4MiB` |", "`auth.tickets.secret`",
		"| `maintenance.operator_roles`<br>`TIDINGS_MAINTENANCE_OPERATOR_ROLES` |", "`topics`, `sessions`, `reload`, `content`, `presence`, `maintenance`, `*`",
	} {
		if !strings.Contains(reference, want) {
			t.Errorf("the reference lacks %s", want)
		}
	}
	if strings.Contains(reference, "|  |") {
		t.Error("a key has no documentation")
	}
}

func TestTheKeysOfASectionExistOnlyWithIt(t *testing.T) {
	text := []byte("content_publish: backend\napi_keys: [{name: a, key: 0123456789abcdef, may: [presence]}]\n")
	c, err := config.Parse("tidings.yaml", text, config.Options{Lookup: environment, Sections: sections[:1]})
	want := `tidings.yaml:2:51: may[0] cannot be "presence"; use publish, publish_as, subscribe, call, register, force_reregister, decide, tickets, topics, sessions, reload, content or *`
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Error(diff)
	}
	if len(c.Sections()) != 1 || config.SectionOf[watched](c) != c.Sections()[0] || len(config.SectionOf[site](c).Presence) != 0 {
		t.Errorf("the sections are %v", c.Sections())
	}
	_, err = config.Parse("tidings.yaml", text[:strings.IndexByte(string(text), '\n')], config.Options{Lookup: environment})
	if err == nil || !strings.Contains(err.Error(), "there is no key content_publish in the configuration") {
		t.Errorf("without the section: %v", err)
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]config.Size{"64KiB": 64 << 10, "1.5MiB": 3 << 19, "1 GiB": 1 << 30, "65536": 65536, "100kB": 100_000, "70000B": 70_000} {
		c := mustParse(t, "limits: {outbox_bytes: "+text+"}", config.Options{})
		if c.Limits.OutboxBytes != want {
			t.Errorf("%s is %d", text, c.Limits.OutboxBytes)
		}
	}
	for size, want := range map[config.Size]string{0: "0", 1: "1", 1 << 10: "1KiB", 3 << 19: "1536KiB", 1 << 30: "1GiB"} {
		if size.String() != want {
			t.Errorf("%d is written %s", size, size)
		}
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := config.Parse("fuzz.yaml", data, config.Options{Sections: sections, Lookup: environment})
		if err == nil {
			if c.Listen == "" {
				t.Error("a configuration without an address")
			}
			return
		}
		problems, ok := errors.AsType[config.Problems](err)
		if !ok || len(problems) == 0 {
			t.Fatalf("%v is not a list of problems", err)
		}
		for _, p := range problems {
			if p.Message == "" || p.Fix == "" || p.Line > 0 && p.Column < 1 {
				t.Errorf("an incomplete problem: %+v", p)
			}
			p.Render()
		}
	})
}

func TestAKeyMayHaveItsOldName(t *testing.T) {
	env := func(name, value string) func(string) (string, bool) {
		return func(asked string) (string, bool) { return value, asked == name }
	}
	for name, c := range map[string]*config.Config{
		"in the file":        mustParse(t, "limits: {key_failures: 7}", config.Options{}),
		"in an assignment":   mustParse(t, "", config.Options{Set: []string{"limits.key_failures=7"}}),
		"in the environment": mustParse(t, "", config.Options{Lookup: env("TIDINGS_LIMITS_KEY_FAILURES", "7")}),
		"under the new name": mustParse(t, "", config.Options{Lookup: env("TIDINGS_LIMITS_LOGIN_FAILURES", "7")}),
	} {
		if c.Limits.LoginFailures != 7 {
			t.Errorf("%s: %d", name, c.Limits.LoginFailures)
		}
	}
	_, err := config.Parse("tidings.yaml", []byte("limits: {key_failures: 7, login_failures: 8}"), config.Options{})
	if err == nil || !strings.Contains(err.Error(), "tidings.yaml:1:10: key_failures is the old name of login_failures, which limits has, too; remove key_failures") {
		t.Errorf("both names: %v", err)
	}
}
