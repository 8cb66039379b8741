package schema_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tidings-io/tidings/internal/schema"
)

// compile compiles a schema from its text.
func compile(t testing.TB, text string) *schema.Schema {
	t.Helper()
	s, err := tryCompile(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func tryCompile(text string) (*schema.Schema, error) {
	files := fstest.MapFS{"s.json": {Data: []byte(text)}}
	return schema.NewLoader(schema.Options{Files: files}).Compile("s.json")
}

func expectMismatch(t *testing.T, err error, want string) {
	t.Helper()
	mismatch, ok := errors.AsType[*schema.MismatchError](err)
	if !ok || !strings.Contains(mismatch.Text, want) {
		t.Errorf("got %v instead of a mismatch with %q", err, want)
	}
}

// endsAfter is a context that ends after it was asked some times.
type endsAfter struct {
	context.Context
	asked, most int
}

func (c *endsAfter) Err() error {
	if c.asked++; c.asked > c.most {
		return context.Canceled
	}
	return nil
}
