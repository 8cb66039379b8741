package topic_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/schema"
	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

const orderSchema = `{
  "type": "object",
  "required": ["id", "items"],
  "properties": {
    "id": {"type": "integer"},
    "at": {"type": "string", "format": "date-time"},
    "items": {"type": "array", "items": {"$ref": "parts.json#/$defs/item"}}
  },
  "additionalProperties": false
}`

const partsSchema = `{"$defs": {"item": {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string", "pattern": "^[A-Z]+$"}}}}}`

// folder writes schemas and returns their folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// raw returns nil for an empty text.
func raw(text string) []byte {
	if text == "" {
		return nil
	}
	return []byte(text)
}

func TestPayloadsAreHeldAgainstTheSchema(t *testing.T) {
	dir := folder(t, map[string]string{"order.json": orderSchema, "parts.json": partsSchema})
	table := mustCompile(t, []topic.Declaration{
		{Pattern: "order.{id:int}", Publish: "true", Schema: "order.json"},
		{Pattern: "item", Publish: "true", Schema: "parts.json#/$defs/item"},
	}, topic.Options{Directory: dir})
	for _, test := range []struct {
		uri          wamp.URI
		args, kwargs string
		want         string
	}{
		{"order.1", `[{"id": 9007199254740993, "items": [{"sku": "A"}]}]`, ``, ""},
		{"order.1", ``, `{"id": 1, "items": []}`, ""},
		{"order.1", `[]`, `{"id": 1, "items": []}`, ""},
		{"order.1", ``, ``, "at the top: got null, want object"},
		{"order.1", `[1, 2]`, ``, "at the top: got array, want object"},
		{"order.1", ``, `{"id": "x", "items": [{"sku": "A"}, {"sku": "a"}, {}]}`, "at /id: got string, want integer; at /items/1/sku: 'a' does not match pattern '^[A-Z]+$'; at /items/2: missing property 'sku'"},
		{"order.1", ``, `{"id": 1.5, "items": 1, "at": "yesterday", "more": true}`, "and 1 more"},
		{"item", `[{"sku": "a"}]`, ``, "at /sku"},
	} {
		payload, err := wamp.PayloadFromJSON(raw(test.args), raw(test.kwargs))
		if err != nil {
			t.Fatal(err)
		}
		_, err = table.Authorize(t.Context(), topic.Request{Identity: erp, Action: peer.Publish, URI: test.uri, Payload: payload})
		if test.want == "" {
			if err != nil {
				t.Errorf("%s %s: %v", test.args, test.kwargs, err)
			}
			continue
		}
		failure, ok := err.(*wamp.Failure) //nolint:errorlint // the contract is the bare type
		if !ok || failure.URI != wamp.ErrInvalidArgument || !strings.Contains(failure.Message, test.want) {
			t.Errorf("%s %s: got %v instead of %q", test.args, test.kwargs, err, test.want)
		}
	}
	if table.Refused(topic.BadPayload) != 5 {
		t.Errorf("%d bad payloads are counted", table.Refused(topic.BadPayload))
	}
	schema := table.Contracts()[0].Schema()
	if schema.Path() != "order.json" || string(schema.Source()) != orderSchema {
		t.Error("the schema is not kept as it was written")
	}
}

func TestPayloadsOfOtherSerializationsAreHeldAgainstTheSchema(t *testing.T) {
	table := mustCompile(t, []topic.Declaration{{Pattern: "order", Publish: "true", Schema: "order.json"}},
		topic.Options{Directory: folder(t, map[string]string{"order.json": orderSchema, "parts.json": partsSchema})})
	payload, err := wamp.NewPayload(nil, wamp.Dict{"id": "x", "items": []any{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, serialization := range []wamp.Serialization{wamp.MessagePack, wamp.CBOR} {
		other, err := payload.In(serialization)
		if err != nil {
			t.Fatal(err)
		}
		err = table.CheckPayload(t.Context(), table.Contracts()[0], other)
		if err == nil || !strings.Contains(err.Error(), "at /id: got string") {
			t.Errorf("got %v", err)
		}
	}
}

// explosive has two ways to validate each level of a payload, so 2^n for n levels.
const explosive = `{"$defs": {"node": {"anyOf": [
	{"properties": {"n": {"$ref": "#/$defs/node"}}, "required": ["x"]},
	{"properties": {"n": {"$ref": "#/$defs/node"}}, "required": ["y"]}
]}}, "$ref": "#/$defs/node"}`

func TestAPayloadThatTakesTooLongToValidateIsRefused(t *testing.T) {
	table := mustCompile(t, []topic.Declaration{{Pattern: "tree", Publish: "true", Schema: "tree.json"}},
		topic.Options{Directory: folder(t, map[string]string{"tree.json": explosive}), SchemaSteps: 1})
	payload, err := wamp.PayloadFromJSON([]byte("["+strings.Repeat(`{"n":`, 50)+"1"+strings.Repeat("}", 50)+"]"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, serialization := range []wamp.Serialization{wamp.JSON, wamp.MessagePack, wamp.CBOR, wamp.UBJSON} {
		other, err := payload.In(serialization)
		if err != nil {
			t.Fatal(err)
		}
		_, err = table.Authorize(t.Context(), topic.Request{Identity: erp, Action: peer.Publish, URI: "tree", Payload: other})
		if failure, ok := errors.AsType[*wamp.Failure](err); !ok || failure.URI != wamp.ErrInvalidArgument || !strings.Contains(failure.Message, "limits.schema_steps") {
			t.Errorf("%s: got %v", serialization, err)
		}
	}
	if table.Refused(topic.CostlyPayload) != 4 || table.Refused(topic.BadPayload) != 0 {
		t.Errorf("%d costly and %d bad payloads are counted", table.Refused(topic.CostlyPayload), table.Refused(topic.BadPayload))
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = table.Authorize(gone, topic.Request{Identity: erp, Action: peer.Publish, URI: "tree", Payload: payload})
	if failure, ok := errors.AsType[*wamp.Failure](err); !ok || failure.URI != wamp.ErrCanceled {
		t.Errorf("the publisher has left: %v", err)
	}
}

func TestAFaultOfTheValidationIsARefusalThatIsCounted(t *testing.T) {
	table := mustCompile(t, []topic.Declaration{{Pattern: "x", Publish: "true"}}, topic.Options{})
	err := table.RefusalOf(t.Context(), table.Contracts()[0], &schema.FaultError{Fault: "broken"})
	failure, ok := errors.AsType[*wamp.Failure](err)
	if !ok || failure.URI != wamp.ErrAuthorizationFailed || strings.Contains(failure.Message, "broken") {
		t.Errorf("the client is told %v", err)
	}
	if fault, ok := errors.AsType[*topic.FaultError](err); !ok || !strings.Contains(fault.Fault.Error(), "broken") {
		t.Errorf("the log is told %v", err)
	}
	if table.Refused(topic.BrokenSchema) != 1 {
		t.Error("the fault is not counted")
	}
}

func TestBadSchemasAreProblems(t *testing.T) {
	dir := folder(t, map[string]string{
		"text.json":   `{"type": `,
		"wrong.json":  `{"type": "nothing"}`,
		"remote.json": `{"$ref": "https://example.com/x.json"}`,
		"lost.json":   `{"$ref": "gone.json"}`,
		"number.json": `{"properties": {"price": {"multipleOf": 1e-999999}}}`,
		"huge.json":   `"` + strings.Repeat("x", 1<<20) + `"`,
	})
	for name, want := range map[string]string{
		"none.json":   "compile schema none.json: cannot read " + filepath.Join(dir, "none.json") + ": no such file or directory",
		"text.json":   "it is not JSON: unexpected EOF",
		"wrong.json":  "it is not a JSON Schema: at /type:",
		"remote.json": "https://example.com/x.json: only local files are read; copy it next to this one",
		"lost.json":   "cannot read " + filepath.Join(dir, "gone.json"),
		"number.json": "at /properties/price/multipleOf: the number 1e-999999 is out of the range of 64-bit floats",
		"huge.json":   "it is longer than 1048576 bytes",
	} {
		_, problems := topic.Compile([]topic.Declaration{{Pattern: "x", Schema: name}}, topic.Options{Directory: dir})
		if len(problems) != 1 || problems[0].Field != topic.FieldSchema || !strings.Contains(problems[0].Message, want) {
			t.Errorf("%s: got %v instead of %q", name, problems, want)
		}
	}
}
