package maintenance_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/httpapi/apitest"
)

func TestABackendTurnsMaintenanceOnAndOffOverHTTP(t *testing.T) {
	c, _ := open(t, &store{})
	api := apitest.New(t, c)
	apitest.ReadDocument(t, api).Check(t, api)
	for _, test := range []struct{ method, key, body, want string }{
		{"GET", "maintenance", "", `{"on":false,"message":"","since":null,"by":"","operators":[],"operator_roles":["operator"],"revision":0}`},
		{"PUT", "maintenance", `{"message":"soon"}`, `{"on":true,"message":"soon","since":"T","by":"the maintenance key","operators":[],"operator_roles":["operator"],"revision":0}`},
		{"PUT", "all", `{"message":"now","by":"ann","operators":["42"]}`, `{"on":true,"message":"now","since":"T","by":"ann","operators":["42"],"operator_roles":["operator"],"revision":0}`},
		{"DELETE", "all", "", `{"on":false,"message":"","since":null,"by":"all","operators":[],"operator_roles":["operator"],"revision":0}`},
	} {
		answer := apitest.Request{Method: test.method, Path: "maintenance", Key: test.key, Body: test.body}.Send(t, api)
		got := regexp.MustCompile(`"revision":\d+`).ReplaceAllString(strings.TrimSpace(answer.Body.String()), `"revision":0`)
		got = regexp.MustCompile(`"since":"[^"]+"`).ReplaceAllString(got, `"since":"T"`)
		if answer.Code != 200 || got != test.want {
			t.Errorf("%s: %d %s", test.method, answer.Code, got)
		}
	}
	if answer := (apitest.Request{Method: "PUT", Path: "maintenance", Key: "all", Body: `{"message":"` + strings.Repeat("x", 2001) + `"}`}).Send(t, api); answer.Code != 422 {
		t.Errorf("a long message: %d %s", answer.Code, answer.Body)
	}
}
