package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/router/calls"
	"github.com/tidings-io/tidings/internal/router/publication"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestOperationsAnswerAsDocumented(t *testing.T) {
	for name, test := range map[string]struct {
		request request
		status  int
		want    string
	}{
		"publish": {
			request{method: "POST", path: "publish", key: "publish", body: `{"topic":"order.42","args":[1],"kwargs":{"a":2}}`},
			200, `{"publication":4711,"deliveries":3}`,
		},
		"publish without content type": {
			request{method: "POST", path: "publish", key: "all", body: `{"topic":"order.42"}`, contentType: "application/json; charset=utf-8"},
			200, `{"publication":4711,"deliveries":3}`,
		},
		"call": {
			request{method: "POST", path: "call", key: "call", body: `{"procedure":"demo.echo","args":[9007199254740993],"kwargs":{"b":1,"a":2}}`},
			200, `{"args":[9007199254740993],"kwargs":{"b":1,"a":2}}`,
		},
		"call that gives nothing": {
			request{method: "POST", path: "call", key: "call", body: `{"procedure":"demo.echo"}`},
			200, `{"args":[],"kwargs":{}}`,
		},
		"ticket": {
			request{method: "POST", path: "tickets", key: "tickets", body: `{"user":"42","roles":["staff"],"claims":{"a":1},"ttl":"1m"}`},
			201, `{"ticket":"ticket-of-42","expires":"2026-11-23T12:00:00Z"}`,
		},
		"topics": {
			request{method: "GET", path: "topics", key: "topics"},
			200, `{"contracts":[{"pattern":"order.{id:int}","kind":"topic","rules":{"publish":"backend"},"has_schema":false}],"subscriptions":[{"topic":"order.42","match":"exact","subscribers":2}]}`,
		},
		"sessions": {
			request{method: "GET", path: "sessions?user=42", key: "sessions"},
			200, `{"sessions":[{"id":9007199254740992,"user":"42","roles":[],"method":"","backend":false,"address":"","joined":"0001-01-01T00:00:00Z","encoding":"","queued_messages":0,"queued_bytes":0,"skipped_events":0,"thinned":false,"subscriptions":0}],"total":7}`,
		},
		"subscribers": {
			request{method: "GET", path: "subscribers?topic=order.42&user=ann", key: "sessions"},
			200, `{"topic":"order.42","subscribers":[{"session":7,"subscription":8,"user":"ann","address":"","topic":"order.42","match":"exact","since":"0001-01-01T00:00:00Z"}],"total":9,"next":{"session":7,"subscription":8}}`,
		},
		"subscribers of a contract": {
			request{method: "GET", path: "subscribers?contract=order.%7Bid:int%7D&params=%7B%22id%22:42%7D&user=ann", key: "sessions"},
			200, `{"topic":"order.42","subscribers":[{"session":7,"subscription":8,"user":"ann","address":"","topic":"order.42","match":"exact","since":"0001-01-01T00:00:00Z"}],"total":9,"next":{"session":7,"subscription":8}}`,
		},
		"end the sessions of a user": {
			request{method: "DELETE", path: "sessions?user=ann&message=Bye", key: "sessions"},
			200, `{"sessions":3}`,
		},
		"log out": {
			request{method: "DELETE", path: "logins?user=42&message=Bye", key: "sessions"},
			200, `{"logins":3,"sessions":2}`,
		},
		"invalidate": {
			request{method: "POST", path: "invalidate", key: "sessions", body: `{"user":"ann","role":"staff","tenant":"t"}`},
			200, `{"sessions":1,"kept":3,"revoked":5,"undecided":1}`,
		},
		"end a session":             {request{method: "DELETE", path: "sessions/42", key: "sessions"}, 204, ""},
		"end a session of nobody's": {request{method: "DELETE", path: "sessions/43", key: "sessions"}, 404, `{"type":"https://github.com/tidings-io/tidings/blob/main/docs/troubleshooting.md#not-found","title":"Not Found","status":404,"detail":"there is no session 43"}`},
	} {
		t.Run(name, func(t *testing.T) {
			answer := test.request.send(t, newAPI(t, &fakes{}))
			if answer.Code != test.status {
				t.Errorf("status %d, want %d", answer.Code, test.status)
			}
			if got := strings.TrimSpace(answer.Body.String()); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestEveryRefusalIsAProblemDocumentThatSaysWhatToDo(t *testing.T) {
	huge := `{"topic":"` + strings.Repeat("x", maxBody) + `"}`
	for name, test := range map[string]struct {
		request request
		status  int
		detail  string // that the document must contain
	}{
		"no key":                 {request{method: "POST", path: "publish", body: `{}`}, 401, "Authorization: Bearer <key>"},
		"no key, huma":           {request{method: "GET", path: "topics"}, 401, "Authorization: Bearer <key>"},
		"a key of nobody's":      {request{method: "GET", path: "topics", key: "guess"}, 401, "no such API key"},
		"scope":                  {request{method: "POST", path: "publish", key: "tickets", body: `{}`}, 403, `lacks the scope "publish"`},
		"scope, huma":            {request{method: "POST", path: "tickets", key: "publish", body: `{}`}, 403, `lacks the scope "tickets"`},
		"no such path":           {request{method: "GET", path: "nothing", key: "all"}, 404, "/api/v1/nothing"},
		"wrong method":           {request{method: "GET", path: "publish", key: "all"}, 405, "allowed: POST"},
		"page of another origin": {request{method: "OPTIONS", path: "publish"}, 405, "let your own backend call it"},
		"form data":              {request{method: "POST", path: "publish", key: "all", body: "topic=a", contentType: "application/x-www-form-urlencoded"}, 415, "application/json"},
		"form data, huma":        {request{method: "POST", path: "tickets", key: "all", body: "user=a", contentType: "application/x-www-form-urlencoded"}, 415, "application/json"},
		"too large":              {request{method: "POST", path: "publish", key: "all", body: huge}, 413, "4096 bytes"},
		"too large, huma":        {request{method: "POST", path: "tickets", key: "all", body: huge}, 413, "4096"},
		"empty":                  {request{method: "POST", path: "publish", key: "all"}, 400, "empty"},
		"empty, huma":            {request{method: "POST", path: "tickets", key: "all"}, 400, "body"},
		"not JSON":               {request{method: "POST", path: "publish", key: "all", body: `{"topic":`}, 400, "not JSON"},
		"not JSON, huma":         {request{method: "POST", path: "tickets", key: "all", body: `{"user":`}, 400, "not JSON"},
		"invalid UTF-8":          {request{method: "POST", path: "publish", key: "all", body: "{\"topic\":\"a\xff\"}"}, 400, "UTF-8"},
		"invalid UTF-8, huma":    {request{method: "POST", path: "tickets", key: "all", body: "{\"user\":\"a\xff\"}"}, 400, "UTF-8"},
		"the same name twice":    {request{method: "POST", path: "publish", key: "all", body: `{"topic":"a","topic":"b"}`}, 400, "duplicate"},
		"unknown member":         {request{method: "POST", path: "publish", key: "all", body: `{"topic":"a","tpoic":"b"}`}, 422, "body.tpoic: unexpected property"},
		"unknown member, huma":   {request{method: "POST", path: "tickets", key: "all", body: `{"user":"a","usr":"b"}`}, 422, "body.usr: unexpected property"},
		"wrong type":             {request{method: "POST", path: "publish", key: "all", body: `{"topic":"a","exclude":["x"]}`}, 422, "body.exclude[0]: expected integer"},
		"args that are no array": {request{method: "POST", path: "publish", key: "all", body: `{"topic":"a","args":1}`}, 422, "body.args: expected array"},
		"kwargs, huma":           {request{method: "POST", path: "call", key: "all", body: `{"procedure":"a","kwargs":[1]}`}, 422, "body.kwargs: expected object"},
		"no topic":               {request{method: "POST", path: "publish", key: "all", body: `{}`}, 422, "body.topic: is required"},
		"no user":                {request{method: "POST", path: "tickets", key: "all", body: `{}`}, 422, "user"},
		"odd timeout":            {request{method: "POST", path: "call", key: "all", body: `{"procedure":"a","timeout":"soon"}`}, 422, `"soon" is not a duration`},
		"odd ttl":                {request{method: "POST", path: "tickets", key: "all", body: `{"user":"a","ttl":"-1s"}`}, 422, `"-1s" is not a duration`},
		"odd session life":       {request{method: "POST", path: "tickets", key: "all", body: `{"user":"a","session":"1800"}`}, 422, `body.session: "1800" is not a duration`},
		"a session of no time":   {request{method: "POST", path: "tickets", key: "all", body: `{"user":"a","session":"0s"}`}, 422, `body.session: "0s"`},
		"nothing to invalidate":  {request{method: "POST", path: "invalidate", key: "all", body: `{}`}, 422, "nothing is selected"},
		"a wrong selection":      {request{method: "POST", path: "invalidate", key: "all", body: `{"authid":"a"}`}, 422, "body.authid: unexpected property"},
		"scope to invalidate":    {request{method: "POST", path: "invalidate", key: "tickets", body: `{"user":"a"}`}, 403, `lacks the scope "sessions"`},
		"odd limit":              {request{method: "GET", path: "sessions?limit=0", key: "all"}, 422, "query.limit"},
		"unknown query":          {request{method: "GET", path: "sessions?usr=1", key: "all"}, 422, "usr"},
		"no user to log out":     {request{method: "DELETE", path: "logins", key: "all"}, 422, "user"},
		"hidden text":            {request{method: "DELETE", path: "logins?user=42&message=a%E2%80%AEb", key: "all"}, 422, "U+202E"},
		"hidden text, session":   {request{method: "DELETE", path: "sessions/42?message=a%00b", key: "all"}, 422, "U+0000"},
		"odd session":            {request{method: "DELETE", path: "sessions/abc", key: "all"}, 422, "path.id"},
		"batch without list":     {request{method: "POST", path: "publish/batch", key: "all", body: `{}`}, 422, "body.publications: is required"},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fakes{}
			answer := test.request.send(t, newAPI(t, f))
			p := problemOf(t, answer.Result())
			if p.Status != test.status || answer.Code != test.status {
				t.Errorf("status %d (document: %d), want %d", answer.Code, p.Status, test.status)
			}
			if !strings.Contains(p.Detail, test.detail) {
				t.Errorf("detail %q does not contain %q", p.Detail, test.detail)
			}
			if p.Title != http.StatusText(test.status) {
				t.Errorf("title %q", p.Title)
			}
			if challenge := answer.Header().Get("WWW-Authenticate"); (test.status == 401 || test.status == 403) != (challenge != "") {
				t.Errorf("WWW-Authenticate: %q", challenge)
			}
			if len(f.published) > 0 {
				t.Error("it was published nevertheless")
			}
		})
	}
}

type document struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Error  string `json:"error"`
	Scope  string `json:"scope"`
	Args   any    `json:"args"`
	Kwargs any    `json:"kwargs"`
}

func problemOf(t *testing.T, answer *http.Response) document {
	t.Helper()
	if got := answer.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type %q", got)
	}
	var p document
	if err := json.NewDecoder(answer.Body).Decode(&p); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAWampErrorBecomesTheStatusThatFits(t *testing.T) {
	for uri, status := range map[wamp.URI]int{
		wamp.ErrNotAuthorized:       403,
		wamp.ErrInvalidArgument:     422,
		wamp.ErrInvalidURI:          422,
		wamp.ErrPayloadSizeExceeded: 413,
		wamp.ErrLimitExceeded:       429,
		wamp.ErrAuthorizationFailed: 502,
		wamp.ErrFeatureNotSupported: 501,
		"tidings.error.surprise":    500,
	} {
		f := &fakes{publish: func(string, router.Publication) (router.Receipt, error) {
			return router.Receipt{}, fmt.Errorf("publish: %w", wamp.Fail(uri, "because of %s", uri))
		}}
		answer := request{method: "POST", path: "publish", key: "all", body: `{"topic":"a"}`}.send(t, newAPI(t, f))
		p := problemOf(t, answer.Result())
		want := document{Title: http.StatusText(status), Status: status, Detail: "because of " + string(uri), Error: string(uri)}
		if diff := cmp.Diff(want, p); diff != "" {
			t.Errorf("%s (-want +got):\n%s", uri, diff)
		}
	}
}

func TestAnErrorThatIsNotForClientsIsLoggedAndNotSent(t *testing.T) {
	f := &fakes{issue: func(httpapi.Ticket) (string, time.Time, error) {
		return "", time.Time{}, errors.New("the secret is hunter2")
	}}
	answer := request{method: "POST", path: "tickets", key: "all", body: `{"user":"a"}`}.send(t, newAPI(t, f))
	if answer.Code != 500 || strings.Contains(answer.Body.String(), "hunter2") {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	if !strings.Contains(f.log.String(), "hunter2") {
		t.Error("the log does not say what went wrong")
	}
}

func TestACallsErrorIsPassedOn(t *testing.T) {
	payload, err := wamp.NewPayload([]any{"only 3 left", 3}, wamp.Dict{"sku": "A1"})
	if err != nil {
		t.Fatal(err)
	}
	for uri, status := range map[wamp.URI]int{
		"shop.error.sold_out": 422, wamp.ErrNoSuchProcedure: 404, wamp.ErrTimeout: 504, wamp.ErrCanceled: 502,
	} {
		f := &fakes{call: func(context.Context, string, wamp.URI, wamp.Payload) (wamp.Payload, error) {
			return wamp.Payload{}, &calls.Error{URI: uri, Payload: payload}
		}}
		answer := request{method: "POST", path: "call", key: "all", body: `{"procedure":"shop.reserve"}`}.send(t, newAPI(t, f))
		want := document{
			Title: http.StatusText(status), Status: status, Detail: "only 3 left", Error: string(uri),
			Args: []any{"only 3 left", 3.0}, Kwargs: map[string]any{"sku": "A1"},
		}
		if diff := cmp.Diff(want, problemOf(t, answer.Result())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", uri, diff)
		}
	}
}

func TestACallWaitsForItsTimeout(t *testing.T) {
	for timeout, want := range map[string]time.Duration{``: httpapi.DefaultCallTimeout, `,"timeout":"5s"`: 5 * time.Second} {
		f := &fakes{call: func(ctx context.Context, _ string, _ wamp.URI, p wamp.Payload) (wamp.Payload, error) {
			deadline, ok := ctx.Deadline()
			if left := time.Until(deadline); !ok || left > want || left < want-time.Second {
				t.Errorf("%s is left for %q", left, timeout)
			}
			return p, nil
		}}
		request{method: "POST", path: "call", key: "all", body: `{"procedure":"a"` + timeout + `}`}.send(t, newAPI(t, f))
	}
}

func TestAPublicationKeepsItsPayloadAndItsLists(t *testing.T) {
	f := &fakes{}
	body := `{"topic":"t","args":[18446744073709551615,1.0],"kwargs":{"b":1,"a":"é"},
		"exclude":[1],"eligible":[],"exclude_authid":["a"],"eligible_authid":["b"],"exclude_authrole":["c"],"eligible_authrole":[]}`
	if answer := (request{method: "POST", path: "publish", key: "all", body: body}).send(t, newAPI(t, f)); answer.Code != 200 {
		t.Fatal(answer.Body)
	}
	want := router.Publication{
		Topic: "t",
		Payload: wamp.Payload{
			Args: []byte(`[18446744073709551615,1.0]`), Kwargs: []byte(`{"b":1,"a":"é"}`),
		},
		Filter: publication.Filter{
			Exclude: []wamp.ID{1}, Eligible: []wamp.ID{}, ExcludeAuthID: []string{"a"}, EligibleAuthID: []string{"b"},
			ExcludeAuthRole: []string{"c"}, EligibleAuthRole: []string{},
		},
	}
	if diff := cmp.Diff([]router.Publication{want}, f.published, cmpopts.IgnoreUnexported(router.Publication{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestABatchGivesEachItemItsOwnResult(t *testing.T) {
	f := &fakes{}
	f.publish = func(_ string, p router.Publication) (router.Receipt, error) {
		if p.Topic == "forbidden" {
			return router.Receipt{}, wamp.Fail(wamp.ErrNotAuthorized, "no")
		}
		return router.Receipt{Publication: 7}, nil
	}
	body := `{"publications":[{"topic":"a"},{"topic":"forbidden"},{"topic":"b","args":{}},{},{"topic":"c","unknown":1},{"topic":"d"}]}`
	answer := request{method: "POST", path: "publish/batch", key: "publish", body: body}.send(t, newAPI(t, f))
	if answer.Code != 200 {
		t.Fatal(answer.Body)
	}
	type result struct {
		Status      int
		Publication int
		Deliveries  *int
		Problem     *document
	}
	var got struct{ Results []result }
	if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	zero := 0
	sent := result{Status: 200, Publication: 7, Deliveries: &zero}
	refused := func(status int, uri, detail string) result {
		return result{Status: status, Problem: &document{Title: http.StatusText(status), Status: status, Detail: detail, Error: uri}}
	}
	want := []result{
		sent,
		refused(403, "wamp.error.not_authorized", "no"),
		refused(422, "", "body.args: expected array"),
		refused(422, "", "body.topic: is required"),
		refused(422, "", "body.unknown: unexpected property"),
		sent,
	}
	if diff := cmp.Diff(want, got.Results); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAnItemOfABatchThatIsNoTextFailsAlone(t *testing.T) {
	f := &fakes{}
	body := `{"publications":[{"topic":"a","args":["cut \ud83d"]},{"topic":"b","kwargs":{"k":1,"k":2}},{"topic":"c","args":["` + "\xff" + `"]},` +
		`{"topic":"d","args":[1e400]},{"topic":"e","kwargs":[]}]}`
	answer := request{method: "POST", path: "publish/batch", key: "publish", body: body}.send(t, newAPI(t, f))
	var got struct {
		Results []struct {
			Status  int
			Problem *document
		}
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil || len(got.Results) != 5 {
		t.Fatalf("%v, %s", err, answer.Body)
	}
	for i, want := range []struct {
		status int
		where  string
	}{{400, "in body.args[0]"}, {400, "in body.kwargs.k"}, {400, "in body.args[0]"}, {422, "args[0] has a number that no 64-bit float can hold"}, {200, ""}} {
		r := got.Results[i]
		if r.Status != want.status || want.where != "" && !strings.Contains(r.Problem.Detail, want.where) {
			t.Errorf("item %d: %d, %+v, want %d %q", i, r.Status, r.Problem, want.status, want.where)
		}
	}
	if len(f.published) != 1 || !f.published[0].Payload.Empty() {
		t.Errorf("published %+v", f.published)
	}
}

func TestABatchIsBounded(t *testing.T) {
	f := &fakes{}
	body := `{"publications":[` + strings.TrimSuffix(strings.Repeat("0,", httpapi.MaxBatch+1), ",") + `]}`
	answer := request{method: "POST", path: "publish/batch", key: "publish", body: body}.send(t, newAPI(t, f))
	if p := problemOf(t, answer.Result()); p.Status != 422 || !strings.Contains(p.Detail, "at most 1000") {
		t.Errorf("%+v", p)
	}
}

func TestATicketIsNotCached(t *testing.T) {
	answer := request{method: "POST", path: "tickets", key: "all", body: `{"user":"a"}`}.send(t, newAPI(t, &fakes{}))
	if got := answer.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control: %q", got)
	}
}
