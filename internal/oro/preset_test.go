package oro_test

import (
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/config"
	"github.com/tidings-io/tidings/internal/oro"
)

func TestTheServerListensWhereOrosWouldAndWarnsOfBackendsElsewhere(t *testing.T) {
	for text, want := range map[string]struct{ listen, warning string }{
		"oro: {}\n":                         {"127.0.0.1:8085", "port 8080, and the server listens on port 8085"},
		"listen: \":8080\"\noro: {}\n":      {":8080", ""},
		"listen: 127.0.0.1:9000\noro: {}\n": {"127.0.0.1:9000", "port 8080, and the server listens on port 9000"},
	} {
		environment := variables{
			"ORO_SECRET": "own", "ORO_DB_URL": "postgres://db/oro", "ORO_WEBSOCKET_SERVER_DSN": "//127.0.0.1:8085", "ORO_WEBSOCKET_BACKEND_DSN": "tcp://127.0.0.1:8080",
		}
		c, err := config.Parse("tidings.yaml", []byte(text), config.Options{
			Sections: []config.Section{{Keys: (*oro.Config)(nil)}},
			Lookup: func(name string) (string, bool) {
				value, ok := environment[name]
				return value, ok
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		warned := strings.Join(texts(config.SectionOf[oro.Config](c).Warnings()), "\n")
		if c.Listen != want.listen || !strings.Contains(warned, want.warning) || (warned == "") != (want.warning == "") {
			t.Errorf("%q: the server listens on %s, with the warnings %q", text, c.Listen, warned)
		}
	}
}
