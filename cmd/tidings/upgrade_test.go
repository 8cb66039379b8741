//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// attempts connects all the time, and counts what was not served.
type attempts struct {
	t       *testing.T
	address string
	served  atomic.Int64
	ended   chan struct{} // an attempt has ended; holds one
	stop    context.CancelFunc
	wait    sync.WaitGroup
}

// attempt begins to connect to an address, for requests and for WebSockets.
func attempt(t *testing.T, address string) *attempts {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	a := &attempts{t: t, address: address, ended: make(chan struct{}, 1), stop: stop}
	for i := range 8 {
		request := "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
		want := "200"
		if i%2 == 0 {
			request = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
				"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n"
			want = "101"
		}
		a.wait.Go(func() {
			for ctx.Err() == nil {
				err := once(address, request, want)
				if err != nil {
					t.Errorf("after %d attempts: %v", a.served.Load(), err)
				} else {
					a.served.Add(1)
				}
				select {
				case a.ended <- struct{}{}:
				default:
				}
				if err != nil {
					return
				}
			}
		})
	}
	return a
}

// once makes one attempt.
func once(address, request, want string) error {
	conn, err := net.DialTimeout("tcp", address, time.Minute)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, request); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return fmt.Errorf("instead of %s: %q, %w", want, line, err)
	}
	if !strings.Contains(line, want) {
		return fmt.Errorf("instead of %s: %q", want, line)
	}
	return nil
}

// more waits until more attempts were served.
func (a *attempts) more(n int64) {
	a.t.Helper()
	for end := a.served.Load() + n; a.served.Load() < end && !a.t.Failed(); {
		<-a.ended
	}
}

// end stops connecting.
func (a *attempts) end() {
	a.stop()
	a.wait.Wait()
}

// listen changes the address that a process listens on.
func listen(address string) func(*exec.Cmd) {
	return func(c *exec.Cmd) { c.Args[len(c.Args)-1] = address }
}

const shared = "log: {format: json}\nreuse_port: true\nwebsocket: {drain: 1s}\n"

func TestNoConnectionIsRefusedWhileAnotherProcessTakesThePlaceOfTheServer(t *testing.T) {
	const folder = "with a folder"
	for name, yaml := range map[string]string{
		"epoll": shared, "portable": strings.Replace(shared, "drain: 1s", "drain: 1s, sockets: portable", 1),
		folder: shared + "data: " + filepath.Join(t.TempDir(), "data") + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			old := startProcess(t, yaml)
			go io.Copy(io.Discard, old.in) // until the process ends
			address := strings.TrimPrefix(old.url, "http://")
			clients := attempt(t, address)
			clients.more(200)
			rounds := 1
			if name == "epoll" {
				rounds = 2
			}
			for range rounds {
				next := prepareProcess(t, yaml, listen(address))
				if name == folder {
					next.expect("waiting for the other server to leave the data folder")
				} else {
					next.ready()
				}
				old.signal(syscall.SIGTERM)
				if name == folder {
					next.ready()
				}
				go io.Copy(io.Discard, next.in) // until the process ends
				clients.more(100)
				old.endedWell()
				clients.more(100)
				old = next
			}
			clients.end()
			old.signal(syscall.SIGTERM)
			old.endedWell()
		})
	}
}

func TestNoConnectionIsRefusedWhileSystemdHoldsTheSocket(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	states, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer states.Close()
	activated := func(c *exec.Cmd) {
		c.ExtraFiles = []*os.File{socket}
		c.Env = append(c.Env, "LISTEN_FDS=1", "LISTEN_FDNAMES=tidings.socket", "NOTIFY_SOCKET="+states.LocalAddr().String())
		c.Args = append([]string{"sh", "-c", `LISTEN_PID=$$ exec "$0" "$@"`, c.Path}, c.Args[1:]...)
		c.Path = "/bin/sh"
	}
	told := func(want string) {
		t.Helper()
		state := make([]byte, 1000)
		n, err := states.Read(state)
		if err != nil || !strings.HasPrefix(string(state[:n]), want) {
			t.Errorf("systemd is told %q, %v, and not %s", state[:n], err, want)
		}
	}
	old := startProcess(t, "log: {format: json}\n", activated)
	go io.Copy(io.Discard, old.in) // until the process ends
	told("READY=1")
	if address := listener.Addr().String(); old.url != "http://"+address {
		t.Fatalf("it listens on %s, and not on %s", old.url, address)
	}
	clients := attempt(t, listener.Addr().String())
	for range 3 {
		clients.more(100)
		old.signal(syscall.SIGHUP)
		told("RELOADING=1\nMONOTONIC_USEC=")
		told("READY=1")
		old.signal(syscall.SIGTERM)
		told("STOPPING=1")
		old.endedWell()
		old = startProcess(t, "log: {format: json}\n", activated)
		go io.Copy(io.Discard, old.in) // until the process ends
		told("READY=1")
	}
	clients.more(100)
	clients.end()
	old.signal(syscall.SIGTERM)
	old.endedWell()
}

func TestASecondServerOnTheAddressNeedsReusePort(t *testing.T) {
	first := startProcess(t, "log: {format: json}\n")
	second := prepareProcess(t, shared, listen(strings.TrimPrefix(first.url, "http://")))
	if status := second.ended(); status.ExitStatus() != exitFailed {
		t.Errorf("it ended with %v", second.cmd.ProcessState)
	}
	response, err := http.Get(first.url + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	first.signal(syscall.SIGTERM)
	first.endedWell()
}
