//go:build unix

package oro_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startPgBouncer puts PgBouncer in front of a PostgreSQL and makes url its URL, or skips the test. It ends with the test.
func (s *databaseServer) startPgBouncer(t *testing.T) {
	t.Helper()
	const program = "/usr/sbin/pgbouncer"
	if _, err := os.Stat(program); err != nil {
		t.Skip(program + " is missing: .ci/tools installs it on Debian")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	listener.Close()
	users, file := filepath.Join(s.folder, "users"), filepath.Join(s.folder, "pgbouncer.ini")
	s.write(t, users, `"`+databaseUser+`" "`+databasePassword+`"`)
	s.write(t, file, strings.Join([]string{
		"[databases]", databaseName + " = host=127.0.0.1 port=" + strconv.Itoa(s.port),
		"[pgbouncer]", "listen_addr = 127.0.0.1", "listen_port = " + port, "unix_socket_dir =", "auth_type = scram-sha-256", "auth_file = " + users,
		"pool_mode = transaction", "default_pool_size = 2", "server_login_retry = 0",
	}, "\n"))
	log, err := os.Create(filepath.Join(s.folder, "pgbouncer.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	command := s.asUnprivileged(exec.Command(program, file))
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = command.Wait() // the clean-up ends it by a signal
	}()
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM) // it may have ended
		<-ended
		if text, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("PgBouncer:\n%s", text)
		}
	})
	s.url, s.pooled = strings.Replace(s.url, s.address(), "127.0.0.1:"+port, 1), true
	for range startTries {
		select {
		case <-ended:
			t.Fatal("PgBouncer ended")
		default:
		}
		if connection, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			connection.Close()
			return
		}
		time.Sleep(startPause)
	}
	t.Fatal("PgBouncer does not listen")
}
