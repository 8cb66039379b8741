package config_test

import (
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/config"
)

func TestASecretThatWasCopiedBadlyIsRefusedWithItsPlace(t *testing.T) {
	const yaml = "auth: {tickets: {secret: \"${SECRET}\"}}\napi_keys:\n  - {name: erp, key: \"${KEY}\", may: [publish]}\n"
	const good = "0123456789abcdef0123456789abcdef"
	for given, says := range map[string]string{
		good + "\n":      "has a line end at its end",
		"'" + good + "'": "has a quote at its beginning or end",
		" " + good:       "has a space at its beginning or end",
		"key   " + good:  `begins with the word "key", which tidings key prints before it`,
		"a\x00" + good:   "has a control character in it",
	} {
		for _, flawed := range []string{"SECRET", "KEY"} {
			_, err := config.Parse("t.yaml", []byte(yaml), config.Options{Lookup: func(name string) (string, bool) {
				if name == flawed {
					return given, true
				}
				return good + name, name == "SECRET" || name == "KEY"
			}})
			place := map[string]string{"SECRET": "t.yaml:1:26: secret[0] ", "KEY": "t.yaml:3:22: key "}[flawed]
			if err == nil || !strings.Contains(err.Error(), place+says) || strings.Contains(err.Error(), "0123") {
				t.Errorf("%s %q: %v", flawed, given, err)
			}
		}
	}
}
