package presence_test

import (
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tidings-io/tidings/internal/httpapi/apitest"
)

func TestABackendReadsThePeopleAtARecordOverHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, r := open(t)
		join(t, r, "ann", "").enter("order.42", "edit")
		api := apitest.New(t, c)
		apitest.ReadDocument(t, api).Check(t, api)
		for path, want := range map[string]string{
			"presence/order.42": `{"record":"order.42","people":[{"id":"ann","name":"Mx ann","mode":"edit","tabs":1}],"count":1,"revision":0}`,
			"presence/order.43": `{"record":"order.43","people":[],"count":0,"revision":0}`,
			"presence/a%2Fb":    `{"record":"a/b","people":[],"count":0,"revision":0}`,
		} {
			answer := apitest.Request{Method: "GET", Path: path, Key: "presence"}.Send(t, api)
			got := regexp.MustCompile(`"revision":\d+`).ReplaceAllString(strings.TrimSpace(answer.Body.String()), `"revision":0`)
			if answer.Code != 200 || got != want {
				t.Errorf("%s: %d %s", path, answer.Code, got)
			}
		}
		if answer := (apitest.Request{Method: "GET", Path: "presence/a%20b", Key: "presence"}).Send(t, api); answer.Code != 422 {
			t.Errorf("a record with a space: %d %s", answer.Code, answer.Body)
		}
	})
}
