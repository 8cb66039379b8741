package frame_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/transport/frame"
)

// BenchmarkFraming is the cost of making a frame, which is paid once for each event and framing.
func BenchmarkFraming(b *testing.B) {
	message := []byte(strings.Repeat(`{"order":4711,"state":"shipped","lines":[1,2,3]},`, 40))
	var compressing frame.Framer = frame.WebSocketFraming{Opcode: frame.OpText, WindowBits: 15}
	for _, size := range []int{100, 1000, len(message)} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for b.Loop() {
				compressing.Frame(nil, message[:size])
			}
		})
	}
}

// BenchmarkReading is the cost of a message that comes in, without the system calls.
func BenchmarkReading(b *testing.B) {
	for _, size := range []int{100, 1000, 100_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			message := masked(fin|opText, strings.Repeat("x", size))
			work := make([]byte, len(message))
			reader := frame.WebSocket{}.NewReader(frame.Rules{MaxMessage: 1 << 20, Types: frame.Text | frame.Binary})
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for b.Loop() {
				copy(work, message)
				feed(reader, work, func(frame.Opcode, []byte) {})
			}
		})
	}
}
