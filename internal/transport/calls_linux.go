package transport

import (
	"errors"
	"syscall"
	"unsafe"
)

// Reading and writing descriptors that are non-blocking takes a few microseconds and never waits, so
// that the scheduler does not have to be told: telling it costs as much as some of our own work on
// an event.

// readNow reads into p, which is not empty. 0 is the end.
func readNow(fd int, p []byte) (int, error) { return callNow(syscall.SYS_READ, fd, p) }

// writeNow writes from p, which is not empty.
func writeNow(fd int, p []byte) (int, error) { return callNow(syscall.SYS_WRITE, fd, p) }

func callNow(number uintptr, fd int, p []byte) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall(number, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		switch {
		case errno == 0:
			return int(n), nil
		case errors.Is(errno, syscall.EINTR):
		default:
			return 0, errno
		}
	}
}
