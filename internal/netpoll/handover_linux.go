package netpoll

import (
	"fmt"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// ReusePort lets several processes of one user listen on the same address. It is the Control of a [net.ListenConfig].
func ReusePort(_, _ string, raw syscall.RawConn) error {
	var failed error
	if err := raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	}); err != nil {
		return err
	}
	if failed != nil {
		return fmt.Errorf("share the address with another process: %w", failed)
	}
	return nil
}

// Steer makes the kernel give new connections to the socket that joined the address after this one, if there is one.
// Without that connections could arrive until the moment of the close, which resets those that are not accepted.
//
// Sockets of one address are numbered in the order in which they have joined it, and the last takes the number of one
// that is closed. So with two processes the newer one is 1. If there is no 1, the program has no effect.
func Steer(listener net.Listener) error {
	program := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 1}}
	return control(listener, func(fd int) error {
		return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF,
			&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
	})
}

// Queued returns the number of connections that wait to be accepted, or 0 if that is not known.
func Queued(listener net.Listener) (n int) {
	_ = control(listener, func(fd int) error { // then it is not known
		info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err == nil {
			n = int(info.Unacked) // of a listening socket: the length of its queue
		}
		return err
	})
	return n
}

func control(listener net.Listener, do func(fd int) error) error {
	plain, ok := listener.(syscall.Conn)
	if !ok {
		return fmt.Errorf("the listener %T has no descriptor", listener)
	}
	raw, err := plain.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = do(int(fd)) }); err != nil {
		return err
	}
	return failed
}
