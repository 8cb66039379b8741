package servers

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// RaiseFileLimit raises the limit of file descriptors for that many connections in this process. Servers inherit the
// limit.
func RaiseFileLimit(connections int) error {
	need := uint64(connections) + 500
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("ask how many files may be open: %w", err)
	}
	limit.Cur, limit.Max = max(need, limit.Cur), max(need, limit.Max)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("open %d files: %w; run `ulimit -n %d` first or give fewer -connections", need, err, need)
	}
	return nil
}
