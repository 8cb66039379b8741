package frame_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/alloctest"
	"github.com/tidings-io/tidings/internal/transport/frame"
)

// A header of 32 KiB can have 16,000 parameters. An offer is invalid at the first that is wrong, and costs no more.
func TestALongOfferOfExtensionsCostsLittle(t *testing.T) {
	different := make([]string, 6000)
	for i := range different {
		different[i] = fmt.Sprintf("p%d", i)
	}
	for name, line := range map[string]string{
		"many parameters":      "permessage-deflate;" + strings.Join(different, ";"),
		"one parameter often":  "permessage-deflate" + strings.Repeat(";client_max_window_bits", 1400),
		"many offers":          strings.Join(different, ","),
		"many offers of ours":  "permessage-deflate;x" + strings.Repeat(",permessage-deflate;x", 1500),
		"a good one comes too": "permessage-deflate" + strings.Repeat(",a;b", 8000),
	} {
		var agreed frame.Extension
		var wellFormed bool
		got := alloctest.Bytes(func() { agreed, wellFormed = frame.NegotiateExtension([]string{line}) })
		if !wellFormed || (agreed.WindowBits != 0) != strings.HasPrefix(line, "permessage-deflate,") {
			t.Errorf("%s: %+v, %t", name, agreed, wellFormed)
		}
		if got > 16*len(line) {
			t.Errorf("%s: %d bytes allocate %d", name, len(line), got)
		}
	}
}
