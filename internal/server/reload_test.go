package server_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tidings-io/tidings/client"
	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/server"
)

const (
	// adasKey is the public key of the seed of 32 bytes that are "a".
	adasKey = "af06a3e3291714e4f356c19c9b15cd1951ec6e6662aa77be07547f289383341d"
	ada     = `{authid: ada, roles: [staff], cryptosign: [` + adasKey + `]}`
	site    = basic + "  - {name: erp, key: erp-0123456789abcdef, may: [publish, subscribe]}\n"
	users   = `
auth: {tickets: {secret: "` + secret + `", ttl: 1m}, users: [` + ada + `], anonymous: {}}
api_keys: [{name: all, key: all-0123456789abcdef, may: ["*"]}, {name: erp, key: erp-0123456789abcdef, may: [publish, subscribe]}]
topics: {a: {subscribe: '"staff" in identity.roles || backend', publish: "true"}}
`
)

// adaLogin logs ada in by cryptosign.
type adaLogin struct{}

func (adaLogin) Login(context.Context) (client.Login, error) {
	return client.Login{
		Methods: []string{"cryptosign"}, Extra: map[string]any{"pubkey": adasKey},
		Answer: func(c client.Challenge) (string, map[string]any, error) {
			text, _ := c.Extra["challenge"].(string)
			challenge, err := hex.DecodeString(text)
			signature := ed25519.Sign(ed25519.NewKeyFromSeed(bytes.Repeat([]byte("a"), ed25519.SeedSize)), challenge)
			return hex.EncodeToString(append(signature, challenge...)), nil, err
		},
	}, nil
}

func TestAReloadChangesRulesAndTakesAwayWhatTheyRefuse(t *testing.T) {
	r := start(t, site+`topics: {a: {subscribe: "true", publish: backend}, b: {subscribe: "true", publish: backend}}`)
	ann := r.user("ann", "")
	kept := subscribe(t, ann, "a")
	lost, err := ann.Subscribe(t.Context(), "b", func(*client.Event) {}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Applied, Restart []string
		Revoked          int
	}
	next := site + `topics: {a: {subscribe: "true", publish: backend}, b: {publish: backend}, c: {subscribe: "true", publish: backend}}`
	r.yaml.Store(&next)
	r.api(allKey, "POST", "reload", nil).as(200, &answer)
	if strings.Join(answer.Applied, " ") != "topics" || len(answer.Restart) != 0 || answer.Revoked != 1 {
		t.Errorf("%+v", answer)
	}
	wait(t, lost.Done(), "the revocation")
	added := subscribe(t, ann, "c")
	for _, topic := range []string{"a", "c"} {
		r.api(allKey, "POST", "publish", map[string]any{"topic": topic, "args": []string{topic}}).as(200, nil)
	}
	if got := kept.next() + added.next(); got != `"a""c"` {
		t.Errorf("got %s", got)
	}
}

func TestAConfigurationWithMistakesChangesNothing(t *testing.T) {
	r := start(t, site+`topics: {a: {publish: backend}}`)
	next := "limits: {connections: lots}\norigins: [nonsense]\ntopics: {'b{': {publish: backend}, c: {publish: identity.}}\n"
	r.yaml.Store(&next)
	var problem struct {
		Detail string
		Errors []struct{ Location, Message string }
	}
	r.api(allKey, "POST", "reload", nil).as(422, &problem)
	parsed, err := parse(next)
	var found, all config.Problems
	if !errors.As(err, &found) || !errors.As(server.Check(parsed, found, nil), &all) || len(all) != 4 {
		t.Fatalf("the test wants four mistakes: %v", all)
	}
	for i, p := range all {
		if got := problem.Errors[i]; got.Location != p.Pos.String() || !strings.HasPrefix(got.Message, p.Message) {
			t.Errorf("%+v instead of %s", got, p)
		}
		if !strings.Contains(r.log.String(), `"position":"`+p.Pos.String()+`"`) {
			t.Errorf("the log lacks %s", p)
		}
	}
	r.api(allKey, "POST", "publish", map[string]any{"topic": "a"}).as(200, nil)
	if metrics := string(r.request("", "GET", "/metrics", nil).body); !strings.Contains(metrics, `tidings_reloads_total{outcome="refused"} 1`) {
		t.Error("the refusal is not counted")
	}
}

func TestAMixtureOfNewAndOldWithAMistakeIsRefused(t *testing.T) {
	r := start(t, basic)
	folder := t.TempDir()
	certificate(t, folder)
	var problems config.Problems
	_, err := r.reload(strings.Replace(basic, "auth: {", "auth: {certificates: [{roles: [staff]}], ", 1) +
		"tls: {cert: " + folder + "/cert.pem, key: " + folder + "/key.pem, client_ca: " + folder + "/cert.pem}\n")
	if !errors.As(err, &problems) || !strings.Contains(err.Error(), "tls.client_ca") {
		t.Errorf("client certificates without TLS are taken over: %v", err)
	}
}

func TestSessionsOfKeysAndUsersThatAreGoneEnd(t *testing.T) {
	for _, test := range []struct {
		what, old, with string
		ends            []string // of erp, ada, guest
		rights          bool     // ada may still subscribe
	}{
		{"nothing", "tickets", "tickets", nil, true},
		{"a key is replaced", "erp-0123456789abcdef", "erp-fedcba9876543210", []string{"erp"}, true},
		{"a key is gone", ", {name: erp, key: erp-0123456789abcdef, may: [publish, subscribe]}", "", []string{"erp"}, true},
		{"a key has other scopes", "may: [publish, subscribe]", "may: [publish]", nil, true},
		{"a user is gone", ada, "", []string{"ada"}, false},
		{"a user has another credential", adasKey, strings.Repeat("ab", 32), []string{"ada"}, false},
		{"a user has other roles", "roles: [staff]", "roles: [guest]", nil, false},
		{"nobody is anonymous", ", anonymous: {}", "", []string{"guest"}, true},
		{"anonymous clients have another role", "anonymous: {}", "anonymous: {role: x}", nil, true},
	} {
		t.Run(test.what, func(t *testing.T) {
			r := start(t, users)
			clients := map[string]*client.Client{
				"erp": r.join(client.Config{Auth: client.Key("erp-0123456789abcdef")}),
				"ada": r.join(client.Config{Auth: adaLogin{}}), "guest": r.join(client.Config{}),
			}
			if !strings.Contains(users, test.old) {
				t.Fatal("nothing to replace")
			}
			done := r.reloaded(strings.Replace(users, test.old, test.with, 1))
			if done.Ended != len(test.ends) {
				t.Errorf("%d sessions were ended, not %d", done.Ended, len(test.ends))
			}
			for _, name := range test.ends {
				wait(t, clients[name].Done(), "the end of "+name)
				if err := clients[name].Err(); err == nil || !strings.Contains(err.Error(), "tidings.close.identity_expired") {
					t.Errorf("%s was told %v", name, err)
				}
				delete(clients, name)
			}
			for name, c := range clients {
				_, err := c.Subscribe(t.Context(), "a", func(*client.Event) {}, nil)
				may := name == "ada" && test.rights || name == "erp" && test.what != "a key has other scopes"
				if (err == nil) != may {
					t.Errorf("%s subscribes: %v", name, err)
				}
			}
		})
	}
}

func TestWhatOnlyAStartChangesIsNamedAndTheRestIsApplied(t *testing.T) {
	r := start(t, basic+"topics: {a: {publish: backend}}\n")
	done := r.reloaded(basic + "listen: :1\nrealm: other\ntopics: {b: {publish: backend}}\nlimits: {kept_topics: 5, message_rate: 7}\n")
	if applied, restart := config.Names(done.Changes, false), config.Names(done.Changes, true); applied != "limits.message_rate, topics" || restart != "listen, realm, limits.kept_topics" {
		t.Errorf("applied %q, restart %q", applied, restart)
	}
	r.api(allKey, "POST", "publish", map[string]any{"topic": "b"}).as(200, nil)
	r.user("ann", "") // the realm has its name
}

func TestACertificateIsReadAgain(t *testing.T) {
	folder := t.TempDir()
	former := certificate(t, folder)
	yaml := basic + "tls: {cert: " + folder + "/cert.pem, key: " + folder + "/key.pem}\n"
	r := start(t, yaml)
	r.yaml.Store(&yaml)
	trusts := func(config *tls.Config) error {
		trusting := &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
		defer trusting.CloseIdleConnections()
		answer, err := trusting.Get(strings.Replace(r.url, "http://", "https://", 1) + "/healthz")
		if err == nil {
			answer.Body.Close()
		}
		return err
	}
	if err := trusts(&tls.Config{RootCAs: former}); err != nil {
		t.Fatal(err)
	}
	now := certificate(t, folder)
	r.reloaded(yaml)
	if err := trusts(&tls.Config{RootCAs: now}); err != nil {
		t.Error(err)
	}
	if trusts(&tls.Config{RootCAs: former}) == nil {
		t.Error("the former certificate is still served")
	}
	write(t, folder, "cert.pem", "nonsense")
	if _, err := r.reload(yaml); err == nil {
		t.Error("a broken certificate is taken over")
	}
	if err := trusts(&tls.Config{RootCAs: now}); err != nil {
		t.Error(err)
	}
}

// Half of two configurations is none of them: one has the key and no publisher of the topic, the other has it vice versa.
func TestNoRequestSeesHalfOfAReload(t *testing.T) {
	const key = "half-0123456789abcdef"
	const patient = "limits: {login_failures: 100000}\n"
	with := patient + site + "  - {name: half, key: " + key + ", may: [publish]}\ntopics: {a: {publish: \"false\", subscribe: \"true\"}}\n"
	without := patient + site + "topics: {a: {publish: backend, subscribe: \"true\"}}\n"
	r := start(t, with)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var publishers sync.WaitGroup
	var refused [2]atomic.Uint64
	for range 4 {
		publishers.Go(func() {
			for ctx.Err() == nil {
				switch got := r.api(key, "POST", "publish", map[string]any{"topic": "a"}); got.status {
				case 401:
					refused[0].Add(1)
				case 403:
					refused[1].Add(1)
				default:
					t.Errorf("answered with %d: %s", got.status, got.body)
					return
				}
			}
		})
	}
	for i := 0; i < 60 || refused[0].Load() == 0 || refused[1].Load() == 0; i++ {
		r.reloaded([]string{without, with}[i%2])
		if i > 10_000 {
			t.Fatalf("one of the configurations is never seen: %d, %d", refused[0].Load(), refused[1].Load())
		}
	}
	cancel()
	publishers.Wait()
}

func TestReloadsRunOneAfterAnother(t *testing.T) {
	r := start(t, site+`topics: {a: {publish: backend}}`)
	var reloads sync.WaitGroup
	for i := range 8 {
		reloads.Go(func() {
			yaml := fmt.Sprintf("%slimits: {message_rate: %d}\ntopics: {a: {publish: backend}}\n", site, 100+i)
			r.yaml.Store(&yaml)
			r.api(allKey, "POST", "reload", nil).as(200, nil)
		})
	}
	reloads.Wait()
	r.api(allKey, "POST", "publish", map[string]any{"topic": "a"}).as(200, nil)
}

func TestFunctionsOfTheProgramKeepTheirContracts(t *testing.T) {
	const yaml = `topics: {talk: {publish: "true", subscribe: "true"}}`
	r := start(t, site+yaml, func(s *server.Server) {
		if err := s.Handle("talk", hook.Functions{Subscribe: func(context.Context, *hook.Query) error { return hook.Refused("closed") }}); err != nil {
			t.Error(err)
		}
	})
	r.reloaded(site + yaml)
	if _, err := r.user("ann", "").Subscribe(t.Context(), "talk", func(*client.Event) {}, nil); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("got %v", err)
	}
	var problems config.Problems
	if _, err := r.reload(site); !errors.As(err, &problems) || !strings.Contains(err.Error(), "there is no such contract") {
		t.Errorf("got %v", err)
	}
}

func TestAServerThatDoesNotRunIsNotReloaded(t *testing.T) {
	parsed, err := parse(basic)
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(parsed, server.Options{Load: func() (*config.Config, error) { return parse(basic) }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "starting or stopping") {
		t.Errorf("got %v", err)
	}
	r := start(t, basic)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.reload(basic); err == nil || !strings.Contains(err.Error(), "starting or stopping") {
		t.Errorf("got %v", err)
	}
}
