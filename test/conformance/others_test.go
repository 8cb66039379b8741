package conformance_test

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pythonPeers returns clients of autobahn for Python, for the serializations that have a library installed.
func pythonPeers(t *testing.T) []*peer {
	t.Helper()
	python := cmp.Or(os.Getenv("TIDINGS_PYTHON"), "/usr/bin/python3") // Debian's own knows Debian's packages
	list, err := exec.CommandContext(t.Context(), python, "-c", "from autobahn.wamp.serializer import SERID_TO_SER; print(*SERID_TO_SER)").Output()
	if err != nil {
		fmt.Println("SKIPPED: autobahn for Python is missing. Install it (Debian: apt-get install python3-autobahn python3-cbor2) or name a Python that has it in TIDINGS_PYTHON.")
		return nil
	}
	var peers []*peer
	for _, serialization := range []string{"json", "msgpack", "cbor", "ubjson"} {
		if !strings.Contains(" "+strings.TrimSpace(string(list))+" ", " "+serialization+" ") {
			fmt.Printf("SKIPPED: autobahn for Python has no library for %s\n", serialization)
			continue
		}
		for _, by := range []transport{webSocket, batched} { // RawSocket of 22.7.1 cannot join
			if by == batched && serialization == "json" {
				continue // its separator differs from the specification
			}
			peers = append(peers, &peer{
				client: "python", serialization: serialization, transport: by, reads: true, writes: true,
				start: func(t *testing.T) driver {
					return startProcess(t, by, python, "peers/python.py", serialization, string(by))
				},
			})
		}
	}
	return peers
}

// nexusPeers returns clients of nexus, another router in Go. The program is a module of its own, so nexus is no
// dependency of the server.
func nexusPeers(t *testing.T) []*peer {
	t.Helper()
	program := filepath.Join(t.TempDir(), "nexus")
	build := exec.CommandContext(t.Context(), "go", "build", "-C", "nexus", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build nexus: %v\n%s", err, out)
	}
	var peers []*peer
	for _, serialization := range []string{"json", "msgpack", "cbor"} {
		for _, by := range []transport{webSocket, rawSocket} {
			peers = append(peers, &peer{
				client: "nexus", serialization: serialization, transport: by, reads: true, writes: true,
				start: func(t *testing.T) driver { return startProcess(t, by, program, serialization) },
			})
		}
	}
	return peers
}
