package hook_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tidings-io/tidings/internal/hook"
	"github.com/tidings-io/tidings/internal/wamp"
)

// endpoint serves a webhook and returns the decider that asks it.
func endpoint(t *testing.T, secret string, serve http.HandlerFunc) *hook.Webhook {
	t.Helper()
	server := httptest.NewServer(serve)
	w := hook.NewWebhook(hook.WebhookOptions{URL: server.URL + "/ask?token=hush", Secret: secret})
	t.Cleanup(func() {
		w.Close()
		server.Close()
	})
	return w
}

func TestAWebhookIsAskedWithEverythingAndSigned(t *testing.T) {
	var body, signature, contentType string
	w := endpoint(t, "s3cret", func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		body, signature, contentType = r.Method+" "+string(text), r.Header.Get(hook.SignatureHeader), r.Header.Get("Content-Type")
		io.WriteString(w, `{"allow":true}`)
	})
	answer, err := w.Decide(t.Context(), aboutPublishing(t))
	if err != nil || !answer.Allow || answer.Payload != nil {
		t.Fatalf("got %+v, %v", answer, err)
	}
	want := `POST {"action":"publish","topic":"order.42","contract":"order.{id:int}","params":{"id":"42"},` +
		`"identity":{"id":"ann","name":"Ann","role":"staff","roles":["staff","sales"],"tenant":"acme","claims":{"plan":"pro"},"method":"ticket","backend":false},` +
		`"args":[9007199254740993],"kwargs":{"b":"\u0000AQ=="}}`
	if diff := cmp.Diff(want, body); diff != "" {
		t.Error(diff)
	}
	if contentType != "application/json" {
		t.Error(contentType)
	}
	at, mac, _ := strings.Cut(strings.TrimPrefix(signature, "t="), ",v1=")
	sum := hmac.New(sha256.New, []byte("s3cret"))
	io.WriteString(sum, at+"."+strings.TrimPrefix(body, "POST "))
	if mac != hex.EncodeToString(sum.Sum(nil)) {
		t.Errorf("the signature %q does not hold", signature)
	}
}

func TestASignatureIsAsDocumented(t *testing.T) {
	got := hook.Sign("secret", time.Unix(1700000000, 0), []byte(`{"action":"publish"}`))
	if want := "t=1700000000,v1=d614840d3c2e842eb0f1975c1736b6ee0aec9cc6fee4ae931eaf158f034b1422"; got != want {
		t.Errorf("got %s", got)
	}
}

func TestTheAnswerOfAWebhookIsDecoded(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		text   string
		want   hook.Decision
		kwargs string
		err    string
	}{
		{"allow", 200, `{"allow":true}`, hook.Decision{Allow: true}, "", ""},
		{"refuse", 200, `{"allow":false,"reason":"closed","args":[1]}`, hook.Decision{Reason: "closed"}, "", ""},
		{"replace", 200, `{"allow":true,"kwargs":{"n":18446744073709551615},"args":null}`, hook.Decision{Allow: true}, `{"n":18446744073709551615}`, ""},
		{"more members", 200, `{"allow":true,"version":2}`, hook.Decision{Allow: true}, "", ""},
		{"no allow", 200, `{"reason":"x"}`, hook.Decision{}, "", `it lacks "allow"`},
		{"allow of a wrong type", 200, `{"allow":"yes"}`, hook.Decision{}, "", "decode the answer"},
		{"twice", 200, `{"allow":false,"allow":true}`, hook.Decision{}, "", "duplicate"},
		{"args of a wrong type", 200, `{"allow":true,"args":{}}`, hook.Decision{}, "", "args"},
		{"no JSON", 200, `<html>`, hook.Decision{}, "", "decode the answer"},
		{"nothing", 200, ``, hook.Decision{}, "", "decode the answer"},
		{"no content", 204, ``, hook.Decision{}, "", "status 204"},
		{"forbidden", 403, `{"allow":true}`, hook.Decision{}, "", "status 403"},
		{"broken", 500, `{"allow":true}`, hook.Decision{}, "", "status 500"},
		{"redirect", 302, `{"allow":true}`, hook.Decision{}, "", "status 302"},
		{"too deep", 200, `{"allow":true,"args":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`, hook.Decision{}, "", "nests deeper than"},
		{"a number that is no float", 200, `{"allow":true,"args":[1e400]}`, hook.Decision{}, "", "64-bit float"},
		{"without end", 200, `{"allow":true,"reason":"` + strings.Repeat("x", 1<<20) + `"}`, hook.Decision{}, "", "longer than"},
	} {
		t.Run(test.name, func(t *testing.T) {
			asked := 0
			w := endpoint(t, "", func(w http.ResponseWriter, r *http.Request) {
				asked++
				if r.Header.Get(hook.SignatureHeader) != "" {
					t.Error("a query is signed without a secret")
				}
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(test.status)
				io.WriteString(w, test.text)
			})
			got, err := w.Decide(t.Context(), aboutPublishing(t))
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) || strings.Contains(err.Error(), "hush") {
					t.Errorf("got %v", err)
				}
			} else if err != nil || got.Allow != test.want.Allow || got.Reason != test.want.Reason {
				t.Errorf("got %+v, %v", got, err)
			}
			if test.kwargs != "" && (got.Payload == nil || string(got.Payload.Kwargs) != test.kwargs || got.Payload.Args != nil) {
				t.Errorf("the payload is %+v", got.Payload)
			}
			if asked != 1 {
				t.Errorf("it was asked %d times", asked)
			}
		})
	}
}

func TestAWebhookThatHangsTimesOut(t *testing.T) {
	w := endpoint(t, "", func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	h := hook.New(hook.Options{Decider: w, Timeout: 20 * time.Millisecond})
	_, err := h.Authorize(t.Context(), aboutPublishing(t))
	refusedAs(t, err, wamp.ErrAuthorizationFailed, "gave no answer")
	if h.Counts()[hook.TimedOut] != 1 {
		t.Errorf("it is counted as %v", h.Counts())
	}
}

func TestTheErrorOfAnUnreachableWebhookLacksItsAddress(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	address := server.URL
	server.Close()
	w := hook.NewWebhook(hook.WebhookOptions{URL: address + "/?token=hush"})
	defer w.Close()
	if _, err := w.Decide(context.Background(), aboutPublishing(t)); err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("got %v", err)
	}
}
