package wire_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/test/load/wire"
)

func BenchmarkMeter(b *testing.B) {
	frame := serverFrame(0x81, `[36,4503599627370496,4503599627370496,{},["`+strings.Repeat("x", 126)+`"]]`)
	received := bytes.Repeat(frame, 64)
	meter := wire.WAMP{Serialization: wire.JSON}.Meter()
	for b.Loop() {
		if n, err := meter.Count(received); n != 64 || err != nil {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(64*b.N), "ns/event")
}
