package auth_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/auth"
)

func TestAKeyCanBeDeclaredByItselfOrByItsHash(t *testing.T) {
	plain, hashed := auth.NewKey(), auth.NewKey()
	keys := newKeys(t,
		auth.KeyOptions{Name: "erp", Key: plain, May: []string{"publish", "tickets"}},
		auth.KeyOptions{Name: "crm", Hash: auth.Hash(hashed), May: []string{"*"}},
		auth.KeyOptions{Name: "demo", Key: "demo", Demo: true},
	)
	for secret, want := range map[string]string{plain: "erp", hashed: "crm", "demo": "demo"} {
		name, scopes, ok := keys.Verify(secret)
		if !ok || name != want {
			t.Errorf("%s: got %q, %v", want, name, ok)
		}
		if byName, known := keys.Scopes(name); !known || !slices.Equal(byName, scopes) {
			t.Errorf("%s: scopes %v by the key, %v by the name", want, scopes, byName)
		}
	}
	for _, wrong := range []string{"", "erp", plain + "x", plain[:len(plain)-1], auth.Hash(hashed), strings.Repeat("x", 1000)} {
		if name, _, ok := keys.Verify(wrong); ok {
			t.Errorf("%.20q is %q", wrong, name)
		}
	}
	if _, known := keys.Scopes("nobody"); known {
		t.Error("an unknown name has scopes")
	}
}

func TestEveryMistakeInTheKeysIsNamed(t *testing.T) {
	same := auth.NewKey()
	_, err := auth.NewKeys([]auth.KeyOptions{
		{Name: "", Key: auth.NewKey()},
		{Name: "short", Key: "guess-me"},
		{Name: "both", Key: auth.NewKey(), Hash: auth.Hash("x")},
		{Name: "none"},
		{Name: "nohash", Hash: "sha256:zz"},
		{Name: "good", Key: same},
		{Name: "good", Key: auth.NewKey()},
		{Name: "again", Hash: auth.Hash(same)},
		{Name: "huge", Key: strings.Repeat("x", 513)},
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, says := range []string{
		`1 (""): the name is missing`, `2 ("short"): the key has 8 bytes`, `3 ("both"): give the key or its hash`,
		`4 ("none"): give the key or its hash`, `5 ("nohash"): the hash must be`, `7 ("good"): the name is taken`,
		`8 ("again"): it is the same key as "good"`, `9 ("huge"): the key has 513 bytes`,
	} {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("it does not say %q:\n%v", says, err)
		}
	}
	if strings.Contains(err.Error(), same) || strings.Contains(err.Error(), "guess-me") {
		t.Errorf("the error shows a key:\n%v", err)
	}
}

func TestNewKeysAreRandomAndRecognizable(t *testing.T) {
	form := regexp.MustCompile(`^tdk_[0-9A-Za-z]{43}$`)
	seen := make(map[string]bool)
	digits := make(map[rune]int)
	for range 1000 {
		key := auth.NewKey()
		if !form.MatchString(key) || seen[key] {
			t.Fatalf("%q", key)
		}
		seen[key] = true
		for _, digit := range key[4:] {
			digits[digit]++
		}
	}
	// 43,000 digits of 62 kinds: 694 of each on average, with a standard deviation of 26. A deviation of seven
	// times as much practically never occurs.
	for digit, n := range digits {
		if n < 500 || n > 900 {
			t.Errorf("%c came %d times", digit, n)
		}
	}
}
