package emptymap_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/emptymap"
)

type object []byte

func (object) HoldsMap() {}

type inner struct {
	Claims map[string]any `json:"claims"`
}

type outer struct {
	inner
	Roles  []string                  `json:"roles,omitempty"`
	Any    any                       `json:"any"`
	Kwargs object                    `json:"kwargs"`
	Author *inner                    `json:"author"`
	Many   []inner                   `json:"many"`
	Deep   map[string]map[string]int `json:"deep"`
	At     time.Time                 `json:"at"`
}

func TestAnEmptyListIsAnEmptyMapWhereAMapIsExpected(t *testing.T) {
	for given, want := range map[string]string{
		`[]`:                            `{}`,
		` [ ] `:                         ` { } `,
		`{"claims":[]}`:                 `{"claims":{}}`,
		`{"roles":[],"claims": [ ]}`:    `{"roles":[],"claims": { }}`,
		`{"any":[],"kwargs":[]}`:        `{"any":[],"kwargs":{}}`,
		`{"author":[]}`:                 `{"author":{}}`,
		`{"author":{"claims":[]}}`:      `{"author":{"claims":{}}}`,
		`{"many":[[],{"claims":[]}]}`:   `{"many":[{},{"claims":{}}]}`,
		`{"many":[]}`:                   `{"many":[]}`,
		`{"deep":{"a":[],"b":{"c":1}}}`: `{"deep":{"a":{},"b":{"c":1}}}`,
		`{"claims":{"list":[]}}`:        `{"claims":{"list":[]}}`, // what is in it may be either
		`{"claims":[1]}`:                `{"claims":[1]}`,
		`{"unknown":[],"claims":[]}`:    `{"unknown":[],"claims":{}}`,
		`{"at":[]}`:                     `{"at":[]}`,
		`{"claims":"[]"}`:               `{"claims":"[]"}`,
		`{"claims":[],`:                 `{"claims":{},`,
		`{"claims":[]]`:                 `{"claims":{}]`,
		`[}`:                            `[}`,
		``:                              ``,
	} {
		before := given
		if got := string(emptymap.Rewrite([]byte(given), reflect.TypeFor[*outer]())); got != want {
			t.Errorf("%s becomes %s, want %s", given, got, want)
		}
		if given != before {
			t.Errorf("%s was changed", before)
		}
	}
}
