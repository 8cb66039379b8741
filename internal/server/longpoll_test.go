package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestABackendConnectsByLongPoll(t *testing.T) {
	r := start(t, basic+"longpoll: true\n")
	var opened struct{ Transport string }
	r.request("", http.MethodPost, "/longpoll/open", []byte(`{"protocols":["wamp.2.json"]}`)).as(200, &opened)
	path := "/longpoll/" + opened.Transport
	for _, step := range []struct{ send, receive string }{
		{`[1,"app",{"roles":{"publisher":{}},"authmethods":["ticket"]}]`, "[4,"},
		{`[5,"` + allKey + `",{}]`, "[2,"},
	} {
		r.request("", http.MethodPost, path+"/send", []byte(step.send)).as(http.StatusNoContent, nil)
		var message json.RawMessage
		if r.request("", http.MethodPost, path+"/receive", nil).as(200, &message); !strings.HasPrefix(string(message), step.receive) {
			t.Fatalf("%s was answered %s", step.send, message)
		}
	}
	r.request("", http.MethodPost, path+"/close", nil).as(http.StatusNoContent, nil)
	if strings.Contains(r.log.String(), opened.Transport) {
		t.Error("the transport's id is in the log")
	}
}

func TestLongPollIsOffUnlessAskedFor(t *testing.T) {
	r := start(t, basic)
	r.request("", http.MethodPost, "/longpoll/open", []byte(`{"protocols":["wamp.2.json"]}`)).as(http.StatusNotFound, nil)
}
