package topic_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/router"
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
		_, err = table.Authorize(topic.Request{Identity: erp, Action: router.Publish, URI: test.uri, Payload: payload})
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
		err = table.Contracts()[0].CheckPayload(other)
		if err == nil || !strings.Contains(err.Error(), "at /id: got string") {
			t.Errorf("got %v", err)
		}
	}
}

func TestBadSchemasAreProblems(t *testing.T) {
	dir := folder(t, map[string]string{
		"text.json":   `{"type": `,
		"wrong.json":  `{"type": "nothing"}`,
		"remote.json": `{"$ref": "https://example.com/x.json"}`,
		"lost.json":   `{"$ref": "gone.json"}`,
		"huge.json":   `"` + strings.Repeat("x", 1<<20) + `"`,
	})
	for name, want := range map[string]string{
		"none.json":   "compile schema none.json: cannot read " + filepath.Join(dir, "none.json") + ": no such file or directory",
		"text.json":   "it is not JSON: unexpected EOF",
		"wrong.json":  "it is not a JSON Schema: at /type:",
		"remote.json": "https://example.com/x.json: only local files are read; copy it next to this one",
		"lost.json":   "cannot read " + filepath.Join(dir, "gone.json"),
		"huge.json":   "it is longer than 1048576 bytes",
	} {
		_, problems := topic.Compile([]topic.Declaration{{Pattern: "x", Schema: name}}, topic.Options{Directory: dir})
		if len(problems) != 1 || problems[0].Field != topic.FieldSchema || !strings.Contains(problems[0].Message, want) {
			t.Errorf("%s: got %v instead of %q", name, problems, want)
		}
	}
}
