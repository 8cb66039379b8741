package text_test

import (
	"testing"

	"github.com/tidings-io/tidings/internal/text"
)

func TestTheNearestWordIsFound(t *testing.T) {
	for word, want := range map[string]string{
		"identiy": "identity", "paramss": "params", "tpoic": "topic", "bakcend": "backend", "zzz": "", "": "",
	} {
		if got := text.Nearest(word, []string{"identity", "params", "topic", "backend"}); got != want {
			t.Errorf("%s: %q instead of %q", word, got, want)
		}
	}
}
