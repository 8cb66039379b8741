package frame_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

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
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		agreed, wellFormed := frame.NegotiateExtension([]string{line})
		runtime.ReadMemStats(&after)
		if !wellFormed || (agreed.WindowBits != 0) != strings.HasPrefix(line, "permessage-deflate,") {
			t.Errorf("%s: %+v, %t", name, agreed, wellFormed)
		}
		if got := int(after.TotalAlloc - before.TotalAlloc); got > 16*len(line) {
			t.Errorf("%s: %d bytes allocate %d", name, len(line), got)
		}
	}
}
