package scenario

import (
	"bytes"
	"fmt"
	"strings"
)

// short is a JSON text of 128 bytes.
var short = []byte(`"` + strings.Repeat("x", 126) + `"`)

// document is a JSON object of about 2 KiB, like those of business applications.
var document = makeDocument()

func makeDocument() []byte {
	var b bytes.Buffer
	b.WriteString(`{"order":"2026-004711","status":"confirmed","currency":"EUR","changed":"2026-03-14T09:26:53Z",` +
		`"customer":{"id":20815,"name":"Miller & Sons Ltd.","city":"Springfield","country":"US"},"items":[`)
	for i := range 14 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"position":%d,"article":"A-%05d","name":"%s, size %d","quantity":%d,"price":%d.%02d,"unit":"piece","taxed":true}`,
			10*(i+1), 31337*(i+1)%100_000, []string{"Hexagon bolt", "Washer", "Threaded rod"}[i%3], 4+2*i, 25*(i+1), 3+7*i, 13*i%100)
	}
	b.WriteString(`],"note":"Please deliver to the rear entrance."}`)
	return b.Bytes()
}
