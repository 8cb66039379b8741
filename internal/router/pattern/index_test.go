package pattern_test

import (
	"testing"

	"github.com/tidings-io/tidings/internal/router/pattern"
	"github.com/tidings-io/tidings/internal/wamp"
)

func TestAnIndexFindsValuesByPatternAndByTheIDThatItGaveThem(t *testing.T) {
	var x pattern.Index[string]
	exact, prefix, hidden := "exact", "prefix", "hidden"
	x.Mu.Lock()
	one, two := x.PutLocked("a.b", wamp.MatchExact, &exact), x.PutLocked("a.", wamp.MatchPrefix, &prefix)
	x.PutHiddenLocked("h", wamp.MatchExact, &hidden)
	x.Mu.Unlock()
	if one != 1 || two != 2 || x.ByID(one) != &exact || x.ByID(two) != &prefix || x.ByID(3) != nil || x.Len() != 3 {
		t.Errorf("the ids are %d and %d of %d values", one, two, x.Len())
	}
	if x.Best("a.b") != &exact || x.Best("a.c") != &prefix || x.Get("h", wamp.MatchExact) != &hidden || len(x.Match(nil, "a.b")) != 2 || len(x.All()) != 3 {
		t.Error("a value is not found by its pattern")
	}
	x.Mu.Lock()
	x.DeleteLocked("a.b", wamp.MatchExact, one)
	x.DeleteLocked("h", wamp.MatchExact, 0)
	three := x.PutLocked("a.b", wamp.MatchExact, &exact)
	x.Mu.Unlock()
	if x.ByID(one) != nil || three != 3 || x.Len() != 2 {
		t.Errorf("after the deletion there are %d values, and the next id is %d", x.Len(), three)
	}
}
