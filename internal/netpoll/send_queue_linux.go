package netpoll

import "golang.org/x/sys/unix"

// boundSendQueue sets the bound of a descriptor. Sockets that are not TCP refuse it, and have a fixed bound.
func boundSendQueue(fd int) {
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsentBytes) //nolint:errcheck // see above
}

// unacknowledged returns how many bytes of a descriptor's send queue the other system has not acknowledged.
func unacknowledged(fd int) int {
	n, err := unix.IoctlGetInt(fd, unix.SIOCOUTQ)
	if err != nil {
		return 0
	}
	return n
}
