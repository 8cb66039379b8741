//go:build !without_maintenance

package server_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tidings-io/tidings/client"
)

// inNamespace runs the test again in user and mount namespaces of its own, as the user uid, and reports whether this is
// that run. Root in a namespace can mount file systems, and another user has no right to write everywhere.
func inNamespace(t *testing.T, uid int) bool {
	t.Helper()
	const inside = "TIDINGS_TEST_IN_NAMESPACE"
	if os.Getenv(inside) != "" {
		return true
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), inside+"=1")
	child.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: os.Getgid(), Size: 1}},
	}
	output, err := child.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err != nil && !errors.As(err, &exit):
		t.Skipf("SKIPPED: this machine allows no user namespaces: %v", err)
	case err != nil:
		t.Errorf("%v\n%s", err, output)
	case !strings.Contains(string(output), "--- PASS: "+t.Name()):
		t.Errorf("the test did not run:\n%s", output)
	}
	return false
}

// trouble is what may happen to the data folder while the server runs, and the way out of it.
type trouble struct {
	begin, end func(t *testing.T, data string)
	reason     string // in the answers for operators
}

// eventually repeats a request until the answer has the status.
func (r *running) eventually(method, path string, status int) answered {
	r.t.Helper()
	deadline := time.Now().Add(patience)
	pace := time.NewTicker(20 * time.Millisecond)
	defer pace.Stop()
	for ; ; <-pace.C {
		a := r.request(allKey, method, path, nil)
		if a.status == status {
			return a
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("%s %s is still %d: %s", method, path, a.status, a.body)
		}
	}
}

func (r *running) metric(line string) {
	r.t.Helper()
	if metrics := string(r.request("", "GET", "/metrics", nil).body); !strings.Contains(metrics, "\n"+line+"\n") {
		r.t.Errorf("the metrics do not have: %s", line)
	}
}

// The server refuses at once what it cannot store, says why, and goes on by itself when the trouble is over. The ticket of
// a refused login stays good.
func (trouble trouble) test(t *testing.T, data string) {
	config := basic + keptNotes + "journal: {bytes: 16MiB}\nlimits: {kept_bytes: 1MiB}\nmaintenance: {operator_roles: [operator]}\ndata: " + data + "\n"
	r := start(t, config)
	var n notes
	n.publish(r, 200)
	page := subscribe(t, r.user("ann", ""), "tidings.maintenance")
	page.next()
	used, _ := r.ticket("ben")(t.Context())
	r.join(client.Config{Auth: client.Ticket(once(used))})
	kept, _ := r.ticket("cleo")(t.Context())
	r.request("", "GET", "/readyz", nil).as(200, nil)

	trouble.begin(t, data)
	n.publish(r, 0) // it may find the trouble out, or have room
	if _, err := r.tryJoin(client.Config{Auth: client.Ticket(r.ticket("first"))}); err != nil {
		refusedWith(t, err, "wamp.error.authentication_failed", "cannot store")
	}
	r.eventually("GET", "/readyz", 503).refused(503, trouble.reason)
	r.metric("tidings_store_writable 0")
	for range 20 {
		n.publish(r, 503)
		_, err := r.tryJoin(client.Config{Auth: client.Ticket(once(kept))})
		refusedWith(t, err, "wamp.error.authentication_failed", "cannot store")
	}
	r.api(allKey, "PUT", "maintenance", map[string]any{"message": "soon back"}).refused(503, trouble.reason)
	r.api(allKey, "GET", "maintenance", nil).as(200, nil)
	r.request("", "GET", "/healthz", nil).as(200, nil)

	trouble.end(t, data)
	r.eventually("GET", "/readyz", 200)
	n.expect(r)
	n.publish(r, 200)
	n.expect(r)
	r.metric("tidings_store_writable 1")
	r.join(client.Config{Auth: client.Ticket(once(kept))})
	_, err := r.tryJoin(client.Config{Auth: client.Ticket(once(used))})
	refusedWith(t, err, "wamp.error.authentication_denied", "used before")
	r.api(allKey, "PUT", "maintenance", map[string]any{"message": "soon back"}).as(200, nil)
	for got := (state{}); !got.On; {
		page.decode(&got)
	}
	for _, line := range []string{"the store cannot be written to", "the store can be written to again"} {
		if n := strings.Count(r.log.String(), `"msg":"`+line); n != 1 {
			t.Errorf("the log has %d lines %q", n, line)
		}
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	again := start(t, config)
	n.expect(again)
	for _, ticket := range []string{used, kept} {
		_, err = again.tryJoin(client.Config{Auth: client.Ticket(once(ticket))})
		refusedWith(t, err, "wamp.error.authentication_denied", "used before")
	}
	if got := (state{}); true {
		if again.api(allKey, "GET", "maintenance", nil).as(200, &got); !got.On {
			t.Error("maintenance has ended by itself")
		}
	}
}

func TestAFullDiskHealsByItself(t *testing.T) {
	if !inNamespace(t, 0) {
		return
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
		t.Skipf("SKIPPED: this machine does not let a namespace mount a tmpfs: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	ballast := filepath.Join(dir, "ballast")
	trouble{
		begin: func(t *testing.T, _ string) {
			file, err := os.Create(ballast)
			for size := 64 << 10; err == nil && size > 0; size /= 2 {
				for err == nil {
					_, err = file.Write(make([]byte, size))
				}
				if errors.Is(err, syscall.ENOSPC) {
					err = nil
				}
			}
			if err = errors.Join(err, file.Close()); err != nil {
				t.Fatal(err)
			}
		},
		end: func(t *testing.T, _ string) {
			if err := os.Remove(ballast); err != nil {
				t.Fatal(err)
			}
		},
		reason: "no space left on device",
	}.test(t, filepath.Join(dir, "data"))
}

func TestAFolderThatBecomesReadOnlyHealsByItself(t *testing.T) {
	if !inNamespace(t, 1000) {
		return
	}
	chmod := func(mode os.FileMode) func(*testing.T, string) {
		return func(t *testing.T, data string) {
			if err := os.Chmod(filepath.Join(data, "engine"), mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	trouble{begin: chmod(0o500), end: chmod(0o700), reason: "permission denied"}.test(t, t.TempDir())
}

func TestAFolderThatVanishesHealsWhenItIsBack(t *testing.T) {
	rename := func(from, to string) func(*testing.T, string) {
		return func(t *testing.T, data string) {
			if err := os.Rename(filepath.Join(data, from), filepath.Join(data, to)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, put := range map[string]func(data string) error{
		"gone":     func(string) error { return nil },
		"replaced": func(data string) error { return os.MkdirAll(filepath.Join(data, "engine"), 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			trouble{
				begin: func(t *testing.T, data string) {
					rename("engine", "elsewhere")(t, data)
					if err := put(data); err != nil {
						t.Fatal(err)
					}
				},
				end: func(t *testing.T, data string) {
					if err := os.RemoveAll(filepath.Join(data, "engine")); err != nil {
						t.Fatal(err)
					}
					rename("elsewhere", "engine")(t, data)
				},
				reason: "removed or replaced",
			}.test(t, t.TempDir())
		})
	}
}

func TestAServerInMemoryNeedsNoFolder(t *testing.T) {
	t.Setenv("TMPDIR", "/proc")
	t.Chdir("/proc") // nothing can be made there, not even by root
	if err := os.WriteFile("x", nil, 0o600); err == nil {
		t.Fatal("/proc can be written to")
	}
	r := start(t, basic+"maintenance: {operator_roles: [operator]}\n")
	ticket, _ := r.ticket("ann")(t.Context())
	r.join(client.Config{Auth: client.Ticket(once(ticket))})
	_, err := r.tryJoin(client.Config{Auth: client.Ticket(once(ticket))})
	refusedWith(t, err, "wamp.error.authentication_denied", "used before")
	r.api(allKey, "PUT", "maintenance", map[string]any{"message": "soon back"}).as(200, nil)
	r.request("", "GET", "/readyz", nil).as(200, nil)
}
