package topic_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

// published returns the error for a publication of ann to a topic with this rule.
func published(t *testing.T, rule string, s wamp.Serialization, args, kwargs string) error {
	t.Helper()
	table := mustCompile(t, []topic.Declaration{{Pattern: "x", Publish: rule}, {Kind: topic.Procedure, Pattern: "x", Call: rule}}, topic.Options{})
	payload, err := wamp.PayloadFromJSON(raw(args), raw(kwargs))
	if err != nil {
		t.Fatal(err)
	}
	if payload, err = payload.In(s); err != nil {
		t.Fatal(err)
	}
	_, published := table.Authorize(t.Context(), topic.Request{Identity: ann, Action: peer.Publish, URI: "x", Payload: payload})
	_, called := table.Authorize(t.Context(), topic.Request{Identity: ann, Action: peer.Call, URI: "x", Payload: payload})
	if (published == nil) != (called == nil) {
		t.Errorf("%q: the publication: %v, the call: %v", rule, published, called)
	}
	return published
}

func TestRulesOfPublishAndCallSeeThePayloadInEverySerialization(t *testing.T) {
	for _, test := range []struct{ rule, args, kwargs string }{
		{"payload.user == identity.id", "", `{"user": "ann"}`},
		{"payload.user.id == identity.id", `[{"user": {"id": "ann"}}]`, ""},
		{"kwargs.user == identity.id and len(args) == 1", `[1]`, `{"user": "ann"}`},
		{"payload.kwargs.user == identity.id and payload.args[0] == 1", `[1]`, `{"user": "ann"}`},
		{`payload == "hello"`, `["hello"]`, ""},
		{`args[0] == "hello" and payload[0] == args[0] and len(payload) == 2`, `["hello", 2.5]`, ""},
		{"payload == nil and len(args) == 0", "", ""},
		{"payload.n == 9007199254740993 and payload.f < 0.5 and payload.ok == true and payload.none == nil", "", `{"n": 9007199254740993, "f": 0.25, "ok": true, "none": null}`},
		{`"b" in payload.list and payload.list[1] == "b" and not ("c" in payload.list)`, "", `{"list": ["a", "b"]}`},
		{"len(payload.text) <= 5 and payload.text matches '^[a-z]+$'", "", `{"text": "hello"}`},
		{"payload.deep?.er?.x == nil", "", `{"text": ""}`},
		{"payload == identity.claims.deep", "", `{"x": "y"}`},
	} {
		for _, s := range []wamp.Serialization{wamp.JSON, wamp.MessagePack, wamp.CBOR, wamp.UBJSON} {
			if err := published(t, test.rule, s, test.args, test.kwargs); err != nil {
				t.Errorf("%q of %s %s in %s: %v", test.rule, test.args, test.kwargs, s, err)
			}
			if err := published(t, "not ("+test.rule+")", s, test.args, test.kwargs); err == nil {
				t.Errorf("not %q of %s %s in %s is allowed", test.rule, test.args, test.kwargs, s)
			}
		}
	}
}

func TestAPayloadForWhichARuleFailsIsRefused(t *testing.T) {
	for _, test := range []struct {
		rule, args, kwargs string
		uri                wamp.URI
	}{
		{"payload.user.id == identity.id", "", "", wamp.ErrInvalidArgument},
		{"payload.user.id == identity.id", `["text"]`, "", wamp.ErrInvalidArgument},
		{"payload.user == identity.id", `[{"user": "ann"}, {"user": "ann"}]`, "", wamp.ErrInvalidArgument},
		{"payload.user == identity.id", `[1]`, `{"user": "ann"}`, wamp.ErrNotAuthorized},
		{"kwargs.user == identity.id", `[{"user": "ann"}]`, "", wamp.ErrNotAuthorized},
		{"payload[3] == 1", `[1, 2]`, "", wamp.ErrInvalidArgument},
		{"payload.n > 3", "", `{"n": "5"}`, wamp.ErrInvalidArgument},
		{"lower(payload.text) == 'x'", "", `{"text": {}}`, wamp.ErrInvalidArgument},
		{"payload.ok and backend", "", `{"ok": 1}`, wamp.ErrInvalidArgument},
	} {
		err := published(t, test.rule, wamp.JSON, test.args, test.kwargs)
		failure, ok := errors.AsType[*wamp.Failure](err)
		if !ok || failure.URI != test.uri {
			t.Errorf("%q of %s %s: got %v, want %s", test.rule, test.args, test.kwargs, err, test.uri)
		}
	}
}

func TestARuleReadsPayloadsUpToALimit(t *testing.T) {
	table := mustCompile(t, []topic.Declaration{
		{Pattern: "read", Publish: "payload.a == nil"}, {Pattern: "unread", Publish: "true"},
	}, topic.Options{RulePayload: 100})
	for _, test := range []struct {
		uri      wamp.URI
		identity *peer.Identity
		bytes    int
		allowed  bool
	}{
		{"read", ann, 100, true}, {"read", ann, 101, false}, {"read", nil, 101, false}, {"read", erp, 101, true}, {"unread", ann, 1000, true},
	} {
		payload, err := wamp.PayloadFromJSON(nil, []byte(fmt.Sprintf(`{"b":%q}`, strings.Repeat("x", test.bytes-len(`{"b":""}`)))))
		if err != nil {
			t.Fatal(err)
		}
		_, err = table.Authorize(t.Context(), topic.Request{Identity: test.identity, Action: peer.Publish, URI: test.uri, Payload: payload})
		failure, _ := errors.AsType[*wamp.Failure](err)
		if (err == nil) != test.allowed || err != nil && (failure.URI != wamp.ErrPayloadSizeExceeded || !strings.Contains(failure.Message, "limits.rule_payload_bytes")) {
			t.Errorf("%d bytes to %s: %v", test.bytes, test.uri, err)
		}
	}
}

const messageSchema = `{
  "type": "object",
  "properties": {
    "user": {"$ref": "#/$defs/user"}, "text": {"type": "string"}, "n": {"type": "integer"}, "urgent": {"type": "boolean"},
    "tags": {"type": "object", "additionalProperties": {"type": "string"}}, "more": {}, "next": {"$ref": "#"},
    "labels": {"patternProperties": {"^x-": {"type": "string"}}, "properties": {"y": true}}
  },
  "allOf": [{"properties": {"room": {"type": ["string", "null"]}}}],
  "$defs": {"user": {"type": "object", "properties": {"id": {"type": "string"}}}}
}`

func TestRulesAreHeldAgainstTheSchemaOfThePayload(t *testing.T) {
	dir := folder(t, map[string]string{"message.json": messageSchema, "any.json": `{}`, "text.json": `{"type": "string"}`})
	for rule, want := range map[string]string{
		"payload.user.id == identity.id":                        "",
		"kwargs.user.id == identity.id":                         "",
		"payload.urgent":                                        "",
		"payload.urgent or payload.n > 3":                       "",
		"payload.room == 'a' and payload.room != 5":             "",
		"payload.tags.anything == 'a'":                          "",
		"payload.more.anything.at.all == 1":                     "",
		"payload.labels.y == 1 and payload.labels['x-a'] == ''": "",
		"payload.next.next.next.next.user.id == ''":             "",
		"payload?.user?.id == identity.id":                      "",
		"payload.usr.id == identity.id":                         "8: there is no usr in payload; did you mean payload.user?",
		"kwargs.usr.id == identity.id":                          "7: there is no usr in kwargs; did you mean kwargs.user?",
		"payload.user.ids == identity.id":                       "13: there is no ids in payload.user; did you mean payload.user.id?",
		"payload?.user?.ids == identity.id":                     "15: there is no ids in payload.user; did you mean payload.user.id?",
		"payload.next.next.next.usr == 1":                       "23: there is no usr in payload.next.next.next; did you mean payload.next.next.next.user?",
		"payload.labels.z == 1":                                 "15: there is no z in payload.labels; payload.labels has y",
		"payload.text > 5":                                      "13: the rule does not compile: invalid operation: > (mismatched types string and int); compare with ==, combine with and, or, not",
		"payload.user.id == 5":                                  "16: the rule does not compile: invalid operation: == (mismatched types string and int); compare with ==, combine with and, or, not",
		"payload.text":                                          "0: the rule gives string instead of true or false; compare it with a value",
		"payload.more":                                          "0: the rule may give something other than true or false; compare it, for example (payload.more) == true",
	} {
		_, problems := topic.Compile([]topic.Declaration{{Pattern: "x", Publish: rule, Schema: "message.json"}}, topic.Options{Directory: dir})
		got := ""
		for _, p := range problems {
			got += fmt.Sprintf("%d: %s", p.Offset, p.Error())
		}
		if got != want {
			t.Errorf("%q:\ngot  %s\nwant %s", rule, got, want)
		}
	}
	for name, rule := range map[string]string{"any.json": "payload.whatever == 1", "text.json": "payload == 'a'"} {
		if _, problems := topic.Compile([]topic.Declaration{{Pattern: "x", Publish: rule, Schema: name}}, topic.Options{Directory: dir}); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

func TestOnlyRulesOfPublishAndCallSeeThePayload(t *testing.T) {
	_, problems := topic.Compile([]topic.Declaration{
		{Pattern: "x", Subscribe: "payload.a == 1"}, {Kind: topic.Procedure, Pattern: "x", Register: "args == nil"},
	}, topic.Options{})
	if len(problems) != 2 || problems[0].Error() != "there is no payload here; only rules of publish and call see the payload" ||
		problems[1].Error() != "there is no args here; only rules of publish and call see the payload" {
		t.Errorf("got %v", problems)
	}
}

func TestAPayloadThatARuleRefusesForItsSchemaIsToldSo(t *testing.T) {
	dir := folder(t, map[string]string{"message.json": messageSchema})
	table := mustCompile(t, []topic.Declaration{{Pattern: "x", Publish: "payload.n > 3", Schema: "message.json"}}, topic.Options{Directory: dir})
	payload, err := wamp.PayloadFromJSON(nil, []byte(`{"n": "5"}`))
	if err != nil {
		t.Fatal(err)
	}
	_, err = table.Authorize(t.Context(), topic.Request{Identity: ann, Action: peer.Publish, URI: "x", Payload: payload})
	if err == nil || !strings.Contains(err.Error(), "at /n: got string, want integer") {
		t.Errorf("got %v", err)
	}
}
