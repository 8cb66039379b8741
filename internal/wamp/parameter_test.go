package wamp_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/wamp"
)

// documented returns the test vectors of docs/protocol.md: values with their spellings, and spellings that are refused.
func documented(t *testing.T) (spelled map[string]string, refused []string) {
	t.Helper()
	page, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "## Parameters in topics")
	section, _, _ = strings.Cut(section, "\n## ")
	spelled = map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| (?:`([^`]+)`)? *\\| `([^`]+)` \\|").FindAllStringSubmatch(section, -1) {
		if row[1] == "" {
			refused = append(refused, row[2])
		} else {
			spelled[row[1]] = row[2]
		}
	}
	if len(spelled) < 10 || len(refused) < 4 {
		t.Fatalf("docs/protocol.md has %d values and %d refused spellings: does this test look in the right place?", len(spelled), len(refused))
	}
	return spelled, refused
}

func TestParametersAreSpelledAsDocumented(t *testing.T) {
	spelled, refused := documented(t)
	for value, want := range spelled {
		got, err := wamp.EncodeParameter(value)
		if err != nil || got != want {
			t.Errorf("%q is spelled %q, want %q: %v", value, got, want, err)
		}
		if back, ok := wamp.DecodeParameter(want); !ok || back != value {
			t.Errorf("%q is read as %q, want %q", want, back, value)
		}
		if err := wamp.URI("user."+got+".flash").Check(wamp.LooseURIs, wamp.MatchExact); err != nil {
			t.Errorf("the spelling of %q is no component: %v", value, err)
		}
	}
	for _, text := range refused {
		if value, ok := wamp.DecodeParameter(text); ok {
			t.Errorf("%q is read as %q", text, value)
		}
	}
	if _, err := wamp.EncodeParameter(""); err == nil {
		t.Error("an empty value is spelled")
	}
	if _, err := wamp.EncodeParameter("\xff"); err == nil {
		t.Error("a value that is not UTF-8 is spelled")
	}
}

func TestEveryCharacterHasOneSpelling(t *testing.T) {
	for c := rune(0); c < 0x3100; c++ {
		value := "a" + string(c) + "b"
		spelled, err := wamp.EncodeParameter(value)
		if err != nil {
			t.Fatal(err)
		}
		if back, ok := wamp.DecodeParameter(spelled); !ok || back != value {
			t.Errorf("%q is spelled %q and read as %q", value, spelled, back)
		}
		if err := wamp.URI(spelled).Check(wamp.LooseURIs, wamp.MatchExact); err != nil || strings.ContainsAny(spelled, "./") {
			t.Errorf("%q is spelled %q, which is not one component: %v", value, spelled, err)
		}
		isComponent := wamp.URI(value).Check(wamp.LooseURIs, wamp.MatchExact) == nil && !strings.ContainsAny(value, "./")
		if _, ok := wamp.DecodeParameter(value); isComponent && ok != (spelled == value) {
			t.Errorf("%q is read as it is: %t, but it is spelled %q", value, ok, spelled)
		}
	}
}

func TestAContractIsFilled(t *testing.T) {
	for _, test := range []struct {
		contract string
		params   map[string]string
		want     string // or the error
	}{
		{"user.{user}.flash", map[string]string{"user": "ann@example.com"}, "user.ann@example%2Ecom.flash"},
		{"a/{x:[a-z]{2}}.{y:int}", map[string]string{"x": "b/", "y": "7"}, "a/b%2F.7"},
		{"event#new", nil, "event%23new"},
		{"user.{user}", nil, "the contract user.{user} has the parameter user, which is not given"},
		{"user.{user}", map[string]string{"user": ""}, "user: wamp.error.invalid_uri: a parameter must not be empty"},
		{"user.{user}", map[string]string{"user": "a", "usr": "b"}, "the contract user.{user} has 1 parameters, and 2 are given"},
		{"user.{user", map[string]string{"user": "a"}, "the contract user.{user has a { that is not closed"},
	} {
		got, err := wamp.FillContract(test.contract, test.params)
		if err != nil {
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: %v, want %s", test.contract, err, test.want)
			}
		} else if string(got) != test.want {
			t.Errorf("%s: %s, want %s", test.contract, got, test.want)
		}
	}
}
