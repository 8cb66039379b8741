//go:build unix

package transport_test

import (
	"context"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/transport"
	"github.com/tidings-io/tidings/internal/wamp"
)

// BenchmarkIdleConnection opens connections and reports what the server holds for one at rest: heap and
// stacks, without the kernel's part. The clients are bare descriptors, so that they do not count. The
// conversation is an echo: a session of the router comes on top.
func BenchmarkIdleConnection(b *testing.B) {
	const connections = 2000
	handler := newEcho()
	server, err := newServer(transport.Options{Handler: handler})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- server.Run(ctx) }()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	web := &http.Server{Handler: server}
	go web.Serve(listener)
	port := listener.Addr().(*net.TCPAddr).Port

	for b.Loop() {
		before := inUse()
		fds := make([]int, 0, connections)
		for range connections {
			fds = append(fds, bareClient(b, port))
		}
		b.ReportMetric(float64(inUse()-before)/connections, "B/conn")
		for _, fd := range fds {
			syscall.Close(fd)
		}
		for range fds {
			handler.goneWith(b)
		}
	}
	cancel()
	if err := <-ran; err != nil {
		b.Error(err)
	}
	web.Close()
}

func inUse() uint64 {
	var m runtime.MemStats
	for range 4 { // pools are emptied by the second, stacks shrink by half with each
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

// bareClient is a connection without any memory of Go's: it echoes one message, then rests.
func bareClient(b *testing.B, port int) (fd int) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		b.Fatal(err)
	}
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		b.Fatal(err)
	}
	exchange := func(send, end string) {
		if _, err := syscall.Write(fd, []byte(send)); err != nil {
			b.Fatal(err)
		}
		buffer, n := make([]byte, 1024), 0
		for !strings.HasSuffix(string(buffer[:n]), end) {
			read, err := syscall.Read(fd, buffer[n:])
			if err != nil || read == 0 {
				b.Fatalf("%v after %q", err, buffer[:n])
			}
			n += read
		}
	}
	exchange(upgradeRequest("/ws"), "\r\n\r\n")
	exchange(string(masked(fin|opText, "message")), "message")
	return fd
}

// BenchmarkBroadcast publishes to subscribers and waits until all have all of it: the whole way from
// Realm.Publish to the clients' sockets, with the clients' reading in the same process.
func BenchmarkBroadcast(b *testing.B) {
	const subscribers = 1000
	wampRouter := router.New(router.Options{Agent: "bench"})
	realm := wampRouter.AddRealm("app")
	server, err := newServer(transport.Options{Router: wampRouter, Limits: transport.Limits{Close: 1}})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- server.Run(ctx) }()
	s := &served{Server: server, addr: listen(b, server)}
	var reading sync.WaitGroup
	received := make(chan int, subscribers)
	for range subscribers {
		c := s.dial(b, "Sec-WebSocket-Protocol: wamp.2.json")
		c.nc.SetDeadline(time.Time{})
		c.send(masked(fin|opText, helloJSON), masked(fin|opText, `[32,1,{},"a.b"]`))
		c.receive()
		c.receive()
		reading.Go(func() {
			buffer := make([]byte, 64<<10)
			for { // events are told apart by their last character
				n, err := c.nc.Read(buffer)
				if err != nil {
					return
				}
				if events := strings.Count(string(buffer[:n]), "}") / 2; events > 0 { // GOODBYE is none
					received <- events
				}
			}
		})
	}
	payload, err := wamp.PayloadFromJSON(nil, []byte(`{"x":"`+strings.Repeat("x", 200)+`"}`))
	if err != nil {
		b.Fatal(err)
	}
	const burst = 100
	for b.Loop() {
		for range burst {
			realm.Publish(router.Publication{Topic: "a.b", Payload: payload})
		}
		for left := burst * subscribers; left > 0; {
			left -= <-received
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(burst*subscribers), "ns/event")
	cancel()
	if err := <-ran; err != nil {
		b.Error(err)
	}
	reading.Wait()
}
