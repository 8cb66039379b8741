package wamp_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/wamp"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files instead of comparing them; read the diff")

// encodings are those of version 2, whose frames can be decoded without a conversation.
var encodings = []wamp.Encoding{wamp.V2JSON, wamp.V2MessagePack, wamp.V2CBOR, wamp.V2UBJSON}

// golden replays the files that match pattern. play gets the text of a file and returns the expected text.
func golden(t *testing.T, pattern string, play func(t *testing.T, text string) string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files in %s: %v", pattern, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".golden"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := play(t, string(text))
			switch {
			case want == string(text):
			case *rewrite:
				if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
					t.Fatal(err)
				}
			default:
				t.Errorf("%s differs from what the code does; run with -rewrite and read the diff:\n%s", file, firstDifference(string(text), want))
			}
		})
	}
}

func firstDifference(has, want string) string {
	a, b := strings.Split(has, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return "file: " + a[i] + "\ncode: " + b[i]
		}
	}
	return "one has more lines than the other"
}

// failure returns the text of a Failure, or says that the error is not a Failure.
func failure(err error) string {
	if f, ok := errors.AsType[*wamp.Failure](err); ok {
		return f.Error()
	}
	return "not a failure: " + err.Error()
}
