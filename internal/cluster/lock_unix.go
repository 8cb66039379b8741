//go:build unix

package cluster

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock locks the folder for this process: two servers that write the same files would destroy them. The lock ends with
// the process, so a crash needs no cleaning up.
func lock(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		cause := fmt.Errorf("lock %s: %w", path, err)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			cause = heldError{path}
		}
		return nil, errors.Join(cause, file.Close())
	}
	return func() { _ = file.Close() }, nil // closing the descriptor releases the lock
}
