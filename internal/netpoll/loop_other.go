//go:build !linux

package netpoll

import (
	"errors"
	"fmt"
	"net"
)

// attach needs epoll.
func (*Loop) attach(net.Conn, EventHandler) Socket { return nil }

type lazyEventLoop struct{}

// boundSendQueue does nothing, because these systems call a socket writable as soon as there is room.
func boundSendQueue(int) {}

// unacknowledged returns 0, because these systems cannot tell.
func unacknowledged(int) int { return 0 }

func (*lazyEventLoop) stop() {}

// TakeoverListener returns plain: there is nothing to take over.
func TakeoverListener(plain net.Listener) net.Listener { return plain }

// ListenUpgrades returns listener: net/http answers every upgrade.
func ListenUpgrades(listener net.Listener, _ []*Loop, _ Upgrades) net.Listener { return listener }

// Batch needs io_uring. No socket can be added to it.
type Batch struct{}

// NewBatch fails.
func NewBatch(*Loop) (*Batch, error) { return nil, CheckRing() }

// CheckRing returns an error that says why there is no io_uring.
func CheckRing() error { return fmt.Errorf("io_uring: %w", errors.ErrUnsupported) }

// Add returns false.
func (*Batch) Add(Socket, [][]byte) bool { return false }

// Full returns false.
func (*Batch) Full() bool { return false }

// Flush does nothing.
func (*Batch) Flush(func(i int, rest [][]byte, err error)) {}

// Close does nothing.
func (*Batch) Close() {}
