package topic_test

import (
	"testing"
	"testing/fstest"

	"github.com/tidings-io/tidings/internal/topic"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestSchemasCanComeFromFilesThatAProgramEmbeds(t *testing.T) {
	files := fstest.MapFS{
		"app/schemas/order.json": {Data: []byte(`{"$ref": "parts.json#/$defs/text"}`)},
		"app/schemas/parts.json": {Data: []byte(`{"$defs": {"text": {"type": "string"}}}`)},
	}
	table, problems := topic.Compile([]topic.Declaration{{Pattern: "order", Publish: "true", Schema: "schemas/order.json"}},
		topic.Options{Directory: "app", Files: files})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for value, fits := range map[any]bool{"text": true, 42: false} {
		payload, err := wamp.NewPayload([]any{value}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := table.CheckPayload(t.Context(), table.Contracts()[0], payload); (err == nil) != fits {
			t.Errorf("%v: %v", value, err)
		}
	}
	_, problems = topic.Compile([]topic.Declaration{{Pattern: "order", Schema: "../outside.json"}}, topic.Options{Directory: "app", Files: files})
	if len(problems) != 1 {
		t.Errorf("a schema that is not among the files: %v", problems)
	}
}
