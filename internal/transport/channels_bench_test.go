//go:build unix

package transport_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/transport"
)

// BenchmarkSessionsOfAConnection opens connections with sessions and reports what the server holds for one session at
// rest, without the kernel's part.
func BenchmarkSessionsOfAConnection(b *testing.B) {
	for _, c := range []struct {
		protocol string
		sessions int
	}{{"wamp.2.json", 1}, {"tidings.channels.wamp.2.json", 1}, {"tidings.channels.wamp.2.json", 4}} {
		b.Run(fmt.Sprintf("%s/%d", c.protocol, c.sessions), func(b *testing.B) {
			const connections = 1000
			r := router.New(router.Options{})
			realm := r.AddRealm("app")
			server, err := newServer(transport.Options{Router: r})
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(b.Context())
			ran := make(chan error, 1)
			go func() { ran <- server.Run(ctx) }()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			web := &http.Server{Handler: server}
			go web.Serve(listener)
			for b.Loop() {
				before := inUse()
				var fds []int
				for range connections {
					fds = append(fds, bareSessions(b, listener.Addr().(*net.TCPAddr).Port, c.protocol, c.sessions))
				}
				b.ReportMetric(float64(inUse()-before)/float64(connections*c.sessions), "B/session")
				for _, fd := range fds {
					syscall.Close(fd)
				}
				for len(realm.Sessions()) > 0 || server.Stats().Connections > 0 {
					continue
				}
			}
			cancel()
			if err := <-ran; err != nil {
				b.Error(err)
			}
			web.Close()
		})
	}
}

// bareSessions is a connection with sessions, without any memory of Go's.
func bareSessions(b *testing.B, port int, protocol string, sessions int) (fd int) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		b.Fatal(err)
	}
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		b.Fatal(err)
	}
	exchange := func(send, wanted string) {
		if _, err := syscall.Write(fd, []byte(send)); err != nil {
			b.Fatal(err)
		}
		buffer, n := make([]byte, 4096), 0
		for !strings.Contains(string(buffer[:n]), wanted) {
			read, err := syscall.Read(fd, buffer[n:])
			if err != nil || read == 0 {
				b.Fatalf("%v after %q", err, buffer[:n])
			}
			n += read
		}
	}
	exchange(upgradeRequest("/ws", "Sec-WebSocket-Protocol: "+protocol), "\r\n\r\n")
	for n := range sessions {
		var line []byte
		if strings.HasPrefix(protocol, "tidings.channels.") {
			line = masked(fin|opText, fmt.Sprint(n+1))
		}
		exchange(string(line)+string(masked(fin|opText, helloJSON)), `"realm":"app"`)
	}
	return fd
}
