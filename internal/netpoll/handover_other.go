//go:build !linux

package netpoll

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// ReusePort fails: only Linux gives each process its share of new connections.
func ReusePort(string, string, syscall.RawConn) error {
	return fmt.Errorf("share the address with another process: %w", errors.ErrUnsupported)
}

// Steer fails.
func Steer(net.Listener) error { return errors.ErrUnsupported }

// Queued returns 0: it is not known.
func Queued(net.Listener) int { return 0 }
