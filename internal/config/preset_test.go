package config_test

import (
	"testing"

	"github.com/tidings-io/tidings/internal/config"
)

// presetting is a section that sets keys outside of itself.
type presetting struct {
	Own struct {
		On bool `key:"on"`
	} `key:"own"`
}

func (p *presetting) Preset(c *config.Config, lookup func(string) (string, bool)) ([]config.Preset, config.Problems) {
	if !p.Own.On {
		return nil, nil
	}
	listen, ok := lookup("OWN_LISTEN")
	if !ok {
		return nil, config.Problems{c.Problem(c.Pos("own"), "OWN_LISTEN is missing", "set it")}
	}
	return []config.Preset{{Path: "listen", Value: listen, From: "environment OWN_LISTEN"}, {Path: "websocket.any_path", Value: "true"}}, nil
}

func TestASectionPresetsWhatIsLeftOut(t *testing.T) {
	for _, test := range []struct {
		what, text, own, listen string
		anyPath                 bool
		wrong                   string
	}{
		{"without the section", "log: {level: info}", ":1", ":8080", false, ""},
		{"the section presets", "own: {on: true}", ":1", ":1", true, ""},
		{"the file wins", "own: {on: true}\nlisten: :2", ":1", ":2", true, ""},
		{"a part of another section stays", "own: {on: true}\nwebsocket: {ping: 7s, any_path: false}", ":1", ":1", false, ""},
		{"a preset is checked as every value", "own: {on: true}", "nonsense", "", true, "environment OWN_LISTEN"},
		{"a problem of the section", "own: {on: true}", "", ":8080", false, "OWN_LISTEN is missing"},
		{"a mistake is told once", "own: {on: true}\nlisten: [1]\nnonsense: 1", ":1", "", false, "test.yaml:2:9"},
	} {
		t.Run(test.what, func(t *testing.T) {
			c, err := config.Parse("test.yaml", []byte(test.text), config.Options{
				Sections: []config.Section{{Keys: (*presetting)(nil)}},
				Lookup:   func(name string) (string, bool) { return test.own, name == "OWN_LISTEN" && test.own != "" },
			})
			if test.wrong != "" {
				problems, ok := err.(config.Problems) //nolint:errorlint // as Parse returns it
				if !ok || len(problems) == 0 || problems[0].Pos.String() != test.wrong && problems[0].Message != test.wrong {
					t.Errorf("got %v", err)
				}
				for i := range problems {
					for j := range i {
						if problems[i].Error() == problems[j].Error() {
							t.Errorf("told twice: %v", problems[i])
						}
					}
				}
				return
			}
			if err != nil || c.Listen != test.listen || c.WebSocket.AnyPath != test.anyPath {
				t.Errorf("listen %q, any_path %t, %v", c.Listen, c.WebSocket.AnyPath, err)
			}
			if !test.anyPath && c.WebSocket.Ping.String() == "0s" {
				t.Error("the defaults are lost")
			}
		})
	}
}
