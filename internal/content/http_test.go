package content_test

import (
	"encoding/json"
	"testing"

	"github.com/tidings-io/tidings/internal/content"
	"github.com/tidings-io/tidings/internal/httpapi/apitest"
)

func TestABackendReportsAChangeOverHTTP(t *testing.T) {
	c, r := open(t, content.Options{})
	ann := watch(t, r, "ann", "", "order.42", "order.43")
	api := apitest.New(t, c)
	apitest.ReadDocument(t, api).Check(t, api)

	answer := apitest.Request{
		Method: "POST", Path: "content/changed", Key: "content", Body: `{"tags":["order.42","order.43"],"author":{"id":"1"}}`,
	}.Send(t, api)
	var got struct {
		Change   string
		Notified int
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil || answer.Code != 200 {
		t.Fatalf("%d %s: %v", answer.Code, answer.Body, err)
	}
	events := ann.Events()
	if got.Notified != 2 || len(events) != 2 || events[0]["change"] != got.Change {
		t.Errorf("answered %+v, heard %v", got, events)
	}
	for body, status := range map[string]int{
		`{"tags":[]}`: 422, `{"tags":["order 42"]}`: 422, `{"tags":["a"],"author":{"id":""}}`: 422, `{"tag":["a"]}`: 422,
	} {
		if answer := (apitest.Request{Method: "POST", Path: "content/changed", Key: "all", Body: body}).Send(t, api); answer.Code != status {
			t.Errorf("%s: %d %s", body, answer.Code, answer.Body)
		}
	}
}
